from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"

    def ready(self) -> None:
        from leads.importing import uploads  # noqa: F401  (deletes a file with its import)
