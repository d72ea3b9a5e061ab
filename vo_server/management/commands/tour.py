"""The tour: a client of the running server walks through the whole loop of the product."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

STEPS = (
    "a. find Crab observations with ADQL",
    "b. make an image of them",
    "c. find the Crab in the image, and the image in the archive",
    "d. ask where the image comes from",
)


class Command(BaseCommand):
    """Walks through the server as its users do; fails unless every step gave what it should."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The address of the server."""
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="address of the server")

    def handle(self, *args: object, **options: object) -> None:
        """Go through the steps."""
        for step in STEPS:
            self.stdout.write(f"{step}: missing")
        raise CommandError("the tour is not built yet")
