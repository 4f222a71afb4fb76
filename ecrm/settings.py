"""Settings, all from the environment (`docs/operate.md` lists them); `ecrm.embedded` fills in what development
lacks.
"""

import base64
import hashlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue
from psycopg.conninfo import conninfo_to_dict

from ecrm import embedded

django_stubs_ext.monkeypatch()  # lets forms and querysets be annotated with their model at run time
embedded.prepare_environment()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = embedded.data_dir()
DEVELOPMENT = os.environ.get("ECRM_ENV", "production") == "development"
DEBUG = False


def required(name: str) -> str:
    """The environment variable `name`; raises ImproperlyConfigured, naming it, where it is missing."""
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"Set {name} in the environment (docs/operate.md says what it is).")
    return value


# --- Secrets -------------------------------------------------------------------------------------
SECRET_KEY = required("ECRM_SECRET_KEY")
# Several, separated by commas; the first one encrypts, all of them decrypt. Each is 32 bytes in base64.
ENCRYPTION_KEYS = [base64.b64decode(key) for key in required("ECRM_ENCRYPTION_KEYS").split(",")]
TRACKING_KEY = required("ECRM_TRACKING_KEY").encode()
# Keys the hashes of suppressed addresses: it can never change without forgetting who must not be mailed.
SUPPRESSION_KEY = required("ECRM_SUPPRESSION_KEY").encode()

# --- Where we are --------------------------------------------------------------------------------
PUBLIC_URL = os.environ.get("ECRM_PUBLIC_URL", "http://localhost:8000").rstrip("/")
_public = urlsplit(PUBLIC_URL)
ALLOWED_HOSTS = [_public.hostname or "localhost", *filter(None, os.environ.get("ECRM_ALLOWED_HOSTS", "").split(","))]
if DEVELOPMENT:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]", "testserver"]
SECURE = _public.scheme == "https"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 63072000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
OPERATOR = {
    "name": os.environ.get("ECRM_OPERATOR_NAME", "eCRM"),
    "domain": os.environ.get("ECRM_OPERATOR_DOMAIN", _public.hostname or "localhost"),
    "privacy_updated": os.environ.get("ECRM_PRIVACY_UPDATED", "April 2026"),
    "privacy_contact": os.environ.get("ECRM_PRIVACY_CONTACT", f"privacy@{_public.hostname or 'localhost'}"),
}

# --- Apps ----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "ecrm.apps.EcrmConfig",
    "accounts.apps.AccountsConfig",
    "senders.apps.SendersConfig",
    "leads.apps.LeadsConfig",
    "tracking.apps.TrackingConfig",
    "campaigns.apps.CampaignsConfig",
    "ecrm.apps.OperatorsConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "django_htmx",
    "ninja",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ecrm.middleware.security_headers",
    "ecrm.middleware.problem_details",
    "ecrm.middleware.AdminSession",
    "django.middleware.common.CommonMiddleware",
    "ecrm.middleware.AdminCsrf",
    "ecrm.middleware.AdminAuthentication",
    "ecrm.middleware.AdminMessages",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.BearerMiddleware",
    "ecrm.middleware.TurnsAway",
]
ROOT_URLCONF = "ecrm.urls"
WSGI_APPLICATION = "ecrm.wsgi.application"
APPEND_SLASH = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ecrm.context.operator",
                "accounts.context.organisations",
                "senders.context.disconnected",
            ],
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

# --- Static files: hashed names in production, straight from their folders in development -----------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(os.environ.get("ECRM_STATIC_ROOT", DATA_DIR / "static"))
WHITENOISE_USE_FINDERS = DEVELOPMENT
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVELOPMENT
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- Database, Redis, Celery -----------------------------------------------------------------------


def database(url: str) -> dict[str, Any]:
    """Django's settings for a libpq URL or connection string; parameters it does not name go on as options."""
    parts = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    config: dict[str, Any] = {django: parts.pop(libpq, "") for libpq, django in named.items()}
    return config | {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 10, **parts},
    }


DATABASES = {"default": database(required("DATABASE_URL"))}
REDIS_URL = required("REDIS_URL")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

# Kombu spells a Unix socket its own way.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 10, "socket_connect_timeout": 5, "health_check_interval": 10}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Ticks have a worker of their own, so that nothing long ever stands before them; a worker without -Q takes all queues.
CELERY_TASK_QUEUES = [Queue(name) for name in ("celery", "ticks", "send", "imports")]
CELERY_TASK_ROUTES = {
    "campaigns.tasks.tick": {"queue": "ticks"},
    "campaigns.tasks.drain_sender": {"queue": "send"},
    "campaigns.tasks.let_grow": {"queue": "imports"},
    "leads.tasks.run_import": {"queue": "imports"},
    "leads.tasks.run_bulk_action": {"queue": "imports"},
    "leads.tasks.run_suppression_file": {"queue": "imports"},
}
# Each app adds its own periodic work: a tick finds what is due in PostgreSQL, so a lost signal costs a second.
CELERY_BEAT_SCHEDULE = {
    "campaigns-tick": {
        "task": "campaigns.tasks.tick",
        "schedule": float(os.environ.get("ECRM_TICK_SECONDS", "1")),
        "options": {"expires": 5},
    },
    "campaigns-grow": {"task": "campaigns.tasks.let_grow", "schedule": 60.0, "options": {"expires": 60}},
    "campaigns-winners": {"task": "campaigns.tasks.choose_winners", "schedule": 60.0, "options": {"expires": 60}},
    "senders-notices": {"task": "senders.tasks.tell_owners", "schedule": 60.0, "options": {"expires": 60}},
    "accounts-answers": {
        "task": "accounts.tasks.purge_answers",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "leads-imports": {"task": "leads.tasks.resume_imports", "schedule": 30.0, "options": {"expires": 30}},
    "leads-suppressions": {
        "task": "leads.tasks.resume_suppression_files",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "leads-bulk": {"task": "leads.tasks.resume_bulk_actions", "schedule": 30.0, "options": {"expires": 30}},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")

# --- Mail that we ourselves write (codes, notices); campaigns go through the senders ----------------
# Development only: where the mail catcher keeps what it received, and its SMTP port; our own mail goes there then.
MAIL_CATCHER_DIR = Path(os.environ["ECRM_MAIL_CATCHER_DIR"]) if os.environ.get("ECRM_MAIL_CATCHER_DIR") else None
MAIL_CATCHER_PORT = int(os.environ.get("ECRM_MAIL_CATCHER_PORT", "0"))
EMAIL_HOST = os.environ.get("ECRM_RELAY_HOST", "127.0.0.1")
EMAIL_PORT = int(os.environ.get("ECRM_RELAY_PORT", str(MAIL_CATCHER_PORT or 25)))
EMAIL_HOST_USER = os.environ.get("ECRM_RELAY_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("ECRM_RELAY_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("ECRM_RELAY_STARTTLS", "") == "1"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("ECRM_FROM", f"eCRM <no-reply@{_public.hostname or 'localhost'}>")

# --- Accounts: allauth's headless app client, tokens instead of cookies ------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupForm"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password is told to its owner
# allauth's own limits stand beside these, which are the admin's (`ecrm.operators`): how many tries, in how long, by whom.
ACCOUNT_RATE_LIMITS = {"operator_password": "20/m/ip,5/5m/key", "operator_code": "5/5m/key"}
MFA_TOTP_ISSUER = "eCRM operators"
HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("app",)
HEADLESS_TOKEN_STRATEGY = "allauth.headless.tokens.strategies.jwt.JWTTokenStrategy"  # noqa: S105  (a class)
HEADLESS_JWT_ALGORITHM = "HS256"
HEADLESS_JWT_PRIVATE_KEY = hashlib.sha256(b"jwt:" + SECRET_KEY.encode()).hexdigest()
HEADLESS_JWT_STATEFUL_VALIDATION_ENABLED = True
HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN = int(os.environ.get("ECRM_ACCESS_TOKEN_SECONDS", "300"))
HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN = 14 * 86400
HEADLESS_FRONTEND_URLS = {
    "account_confirm_email": f"{PUBLIC_URL}/verify/",
    "account_reset_password": f"{PUBLIC_URL}/password/reset/",
    "account_reset_password_from_key": f"{PUBLIC_URL}/password/reset/",
    "account_signup": f"{PUBLIC_URL}/signup/",
}
SESSION_COOKIE_AGE = 14 * 86400
# The operators' admin is the only place with a cookie (promise p14).
ADMIN_PATH = "/admin/"
SESSION_COOKIE_NAME = "ecrm_admin"
SESSION_COOKIE_PATH = ADMIN_PATH
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_NAME = "ecrm_admin_csrf"
CSRF_COOKIE_PATH = ADMIN_PATH
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# --- Mailboxes that are connected by consent (docs/connect-google-and-microsoft.md) ------------------


def endpoint(name: str, url: str) -> str:
    """Where a provider answers: `url`, but for tests and development, which may have servers of their own."""
    return os.environ.get(name, url).rstrip("/") if DEVELOPMENT else url


GOOGLE = {
    "client_id": os.environ.get("ECRM_GOOGLE_CLIENT_ID", ""),
    "client_secret": os.environ.get("ECRM_GOOGLE_CLIENT_SECRET", ""),
    "consent_url": endpoint("ECRM_GOOGLE_CONSENT_URL", "https://accounts.google.com/o/oauth2/v2/auth"),
    "token_url": endpoint("ECRM_GOOGLE_TOKEN_URL", "https://oauth2.googleapis.com/token"),
    "revoke_url": endpoint("ECRM_GOOGLE_REVOKE_URL", "https://oauth2.googleapis.com/revoke"),
    "keys_url": endpoint("ECRM_GOOGLE_KEYS_URL", "https://www.googleapis.com/oauth2/v1/certs"),
    "api_url": endpoint("ECRM_GOOGLE_API_URL", "https://gmail.googleapis.com"),
}
MICROSOFT = {
    "client_id": os.environ.get("ECRM_MICROSOFT_CLIENT_ID", ""),
    "client_secret": os.environ.get("ECRM_MICROSOFT_CLIENT_SECRET", ""),
    # A directory's id, or `common`: work, school and personal accounts; `organizations`: without the personal ones.
    "tenant": os.environ.get("ECRM_MICROSOFT_TENANT", "common"),
    "authority": endpoint("ECRM_MICROSOFT_AUTHORITY", "https://login.microsoftonline.com"),
    "graph_url": endpoint("ECRM_MICROSOFT_GRAPH_URL", "https://graph.microsoft.com"),
}
# Whose certificates those servers of tests and development have; empty: the ones that everybody trusts.
OAUTH_CA_FILE = endpoint("ECRM_OAUTH_CA_FILE", "")

# --- Uploads and limits ------------------------------------------------------------------------------
MEDIA_ROOT = DATA_DIR / "files"
FILE_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 << 20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
IMPORT_MAX_BYTES = int(os.environ.get("ECRM_IMPORT_MAX_BYTES", str(512 << 20)))
# Whether user-supplied hosts may be private or loopback addresses; development needs it for the catcher.
ALLOW_PRIVATE_HOSTS = os.environ.get("ECRM_ALLOW_PRIVATE_HOSTS", "1" if DEVELOPMENT else "") == "1"

# Which DNS servers look up a sender's SPF, DKIM and DMARC: addresses, each with its port where it is not 53, separated by
# commas. Empty: the machine's own.
DNS_SERVERS = [server.strip() for server in os.environ.get("ECRM_DNS_SERVERS", "").split(",") if server.strip()]

NINJA_PAGINATION_PER_PAGE = 100

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("ECRM_LOG_LEVEL", "INFO")},
    "loggers": {
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        # At DEBUG these write requests and answers down, tokens among them, whatever ECRM_LOG_LEVEL says.
        **{
            name: {"level": "WARNING"}
            for name in ("requests_oauthlib", "oauthlib", "google", "googleapiclient", "msal", "urllib3")
        },
    },
}
