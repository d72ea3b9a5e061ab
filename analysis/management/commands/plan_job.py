"""Tell what a job would do, without creating it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis import plans
from auth.principal import ANONYMOUS, of_name
from dali.errors import DaliError
from dali.parameters import Parameters
from uws import registry


class Command(BaseCommand):
    """``manage.py plan_job isgri_image src_name=Crab E1_keV=20 --svg plan.svg``."""

    help = "Tell what a job would do: which steps are cached, which run, how long that takes."

    def add_arguments(self, parser: CommandParser) -> None:
        """The job type and its parameters."""
        parser.add_argument("job_type", metavar="TYPE", help="as in /uws/TYPE")
        parser.add_argument("parameters", metavar="NAME=VALUE", nargs="*")
        parser.add_argument("--user", metavar="NAME", help="whose rights count; else nobody's")
        parser.add_argument("--svg", metavar="FILE", type=Path, help="draw the plan, too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the plan."""
        pairs = [text.partition("=") for text in options["parameters"]]
        for name, equals, _ in pairs:
            if not equals:
                raise CommandError(f"{name}: parameters are given as NAME=VALUE")
        owner = ANONYMOUS if options["user"] is None else of_name(options["user"])
        if owner is None:
            raise CommandError(f"there is no account {options['user']!r}")
        try:
            documents = plans.of_request(
                registry.get(options["job_type"]),
                Parameters((name, value) for name, _, value in pairs),
                owner,
            )
            if options["svg"] is not None:
                options["svg"].write_bytes(documents.svg())
        except DaliError as error:
            raise CommandError(error.message) from None
        self.stdout.write(documents.text(), ending="")
