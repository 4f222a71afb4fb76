from django.apps import AppConfig


class EcrmConfig(AppConfig):
    name = "ecrm"
