from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"

    def ready(self) -> None:
        from leads import services
        from leads.exporting import files
        from leads.importing import uploads  # noqa: F401  (deletes a file with its import)
        from leads.importing.rejected import forget_people
        from leads.importing.undo import forget_former
        from leads.segments import vocabulary
        from leads.segments.own import own_fields

        services.ERASERS.extend([forget_people, forget_former, files.forget_people])
        vocabulary.SOURCES.append(own_fields)
