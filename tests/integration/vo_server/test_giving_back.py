"""Tests find the database as ``flush`` leaves it, though most of them end without one."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from giving_back import GivingBack

from tap.models import TableRow

pytestmark = pytest.mark.django_db(transaction=True)
User = get_user_model()
USERS = User._meta.db_table


def test_rows_are_gone_without_a_flush() -> None:
    giving_back = GivingBack()
    before = set(Permission.objects.values_list("pk", flat=True))
    user = User.objects.create_user("ada")
    user.user_permissions.add(Permission.objects.all()[0])
    assert giving_back.give_back()
    assert not User.objects.exists()
    assert not User.user_permissions.through.objects.exists()
    assert set(Permission.objects.values_list("pk", flat=True)) == before
    assert giving_back.give_back(), "also where nothing was done"


def test_what_is_published_is_made_anew_where_it_was_changed() -> None:
    giving_back = GivingBack()
    for change in (
        "UPDATE tap_tables SET description = 'another'",
        "DELETE FROM auth_permission WHERE id = (SELECT max(id) FROM auth_permission)",
        "DROP VIEW ivoa.obscore",
        "COMMENT ON VIEW ivoa.obscore IS 'mine'",
        "REVOKE SELECT ON ivoa.obscore FROM vo_reader",
        f"GRANT SELECT ON public.{USERS} TO vo_reader",
        "REVOKE USAGE ON SCHEMA ivoa FROM vo_reader",
    ):
        permissions = Permission.objects.count()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
        assert not giving_back.give_back(), change
        assert giving_back.give_back(), "all is well again"
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT has_table_privilege('vo_reader', 'ivoa.obscore', 'SELECT'),"
                " has_schema_privilege('vo_reader', 'ivoa', 'USAGE'),"
                f" has_table_privilege('vo_reader', '{USERS}', 'SELECT')"
            )
            assert cursor.fetchone() == (True, True, False), change
        assert Permission.objects.count() == permissions
        assert not TableRow.objects.filter(description="another").exists()
