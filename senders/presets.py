"""Where common providers take mail for sending, from their own help pages; a person may change all of it.

Google's and Microsoft's are missing: their mailboxes are connected on their own consent pages (promise p03).
"""

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True)
class Preset:
    label: str
    host: str
    port: int
    security: str


PROVIDERS = (
    Preset("iCloud Mail (app password)", "smtp.mail.me.com", 587, "starttls"),
    Preset("Yahoo Mail (app password)", "smtp.mail.yahoo.com", 465, "tls"),
    Preset("Zoho Mail", "smtp.zoho.com", 465, "tls"),
    Preset("Fastmail (app password)", "smtp.fastmail.com", 465, "tls"),
    Preset("IONOS", "smtp.ionos.com", 465, "tls"),
    Preset("GMX", "mail.gmx.net", 587, "starttls"),
    Preset("mailbox.org", "smtp.mailbox.org", 465, "tls"),
    Preset("Amazon SES (eu-central-1)", "email-smtp.eu-central-1.amazonaws.com", 587, "starttls"),
    Preset("Mailgun (EU)", "smtp.eu.mailgun.org", 587, "starttls"),
    Preset("Postmark", "smtp.postmarkapp.com", 587, "starttls"),
    Preset("SendGrid", "smtp.sendgrid.net", 587, "starttls"),
)


# Where a Google or Microsoft password, an app password too, would open the whole mailbox: none is ever taken here.
CONSENT_HOSTS = {
    "smtp.gmail.com": "Gmail",
    "smtp.googlemail.com": "Gmail",
    "smtp.office365.com": "Outlook",
    "smtp-mail.outlook.com": "Outlook",
    "outlook.office365.com": "Outlook",
    "smtp.live.com": "Outlook",
    "smtp.hotmail.com": "Outlook",
}


def catcher() -> Preset | None:
    """The development mail catcher, where one runs."""
    if not settings.MAIL_CATCHER_PORT:
        return None
    return Preset("Mail catcher (development)", "127.0.0.1", settings.MAIL_CATCHER_PORT, "none")


def presets() -> list[Preset]:
    own = catcher()
    return [*([own] if own else []), *PROVIDERS]
