"""Wires the rooms together once Django has loaded them."""

from django.apps import AppConfig


class VoServerConfig(AppConfig):
    """The composition root."""

    name = "vo_server"

    def ready(self) -> None:
        """Hand every room's declarations to the rooms that serve them."""
        from vo_server import composition

        composition.wire()
