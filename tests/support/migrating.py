"""Databases as earlier versions had them."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tap.publication import withdraw


def migrate(app: str, name: str) -> None:
    """Bring the tables of an app to what they were after that migration, or are.

    Published views are taken away before, as ``manage.py migrate`` does, and stay away.
    """
    withdraw()
    MigrationExecutor(connection).migrate([(app, name)])
