from django.urls import URLPattern, path

from accounts import views

urlpatterns: list[URLPattern] = [
    path("", views.landing, name="landing"),
    path("signup/", views.signup, name="signup"),
    path("signin/", views.signin, name="signin"),
    path("verify/", views.verify, name="verify"),
    path("password/reset/", views.reset, name="password-reset"),
    path("privacy/", views.privacy, name="privacy"),
    path("o/", views.organisations, name="organisations"),
    path("o/<slug:org>/settings/", views.organisation_settings, name="organisation-settings"),
    path("account/", views.account, name="account"),
    path("account/link/", views.link, name="account-link"),
]
