"""Django's entry for this room."""

from django.apps import AppConfig


class UwsConfig(AppConfig):
    """UWS 1.1 jobs."""

    name = "uws"
    label = "uws"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """A job that is deleted, by whatever way, takes its files with it."""
        from django.db.models.signals import post_delete

        from uws.files import remove_with_job
        from uws.models import Job

        post_delete.connect(remove_with_job, sender=Job)
