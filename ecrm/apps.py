from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class EcrmConfig(AppConfig):
    name = "ecrm"


class OperatorsConfig(AdminConfig):
    """Django's admin with our own site."""

    default = False
    default_site = "ecrm.admin.OperatorSite"
