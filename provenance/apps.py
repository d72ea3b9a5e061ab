"""Django's entry for this room."""

from django.apps import AppConfig


class ProvenanceConfig(AppConfig):
    """The IVOA Provenance data model."""

    name = "provenance"
    label = "provenance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Follow and guard people's names; let what is recorded bear this server's authority."""
        from django.conf import settings

        from provenance import people, recorder

        people.follow_names()
        people.guard_names()
        recorder.use_authority(settings.VO_AUTHORITY)
