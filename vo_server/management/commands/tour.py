"""``manage.py tour``: walk through the running server as its users do."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from vo_server.configuration import VAR
from vo_server.tour import Tour


class Command(BaseCommand):
    """Walks through the server by real clients; fails unless every step gave what it should."""

    help = "Find Crab pointings, image them and ask where the image comes from, as a client."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The server's address, and a folder for what the tour downloads."""
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="address of the server")
        parser.add_argument("--folder", type=Path, default=VAR / "tour", help="for the results")

    def handle(self, *args: object, url: str, folder: Path, **options: object) -> None:
        """Go all the way."""
        folder.mkdir(parents=True, exist_ok=True)
        if not Tour(url=url.rstrip("/"), folder=folder).run():
            raise CommandError("the tour did not give what it should")
