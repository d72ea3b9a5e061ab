"""Django's entry for this room."""

from django.apps import AppConfig


class ProvenanceConfig(AppConfig):
    """The IVOA Provenance data model."""

    name = "provenance"
    label = "provenance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Follow people's names."""
        from provenance import people

        people.follow_names()
