"""Connections that wait for the next request instead of being opened anew."""

import pytest
from django.db import connection, transaction

from vo_server.postgresql import base

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def kept(monkeypatch):
    """As in the web server; nothing is left open."""
    connection.close()
    kept = base._Kept()
    kept.is_on = True
    monkeypatch.setattr(base, "_kept", kept)
    yield kept
    connection.close()
    while kept._idle:
        kept._idle.pop()[0].close()


def backend():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_a_closed_connection_is_used_again():
    first = backend()
    connection.close()
    assert backend() == first


def test_one_that_the_server_ended_meanwhile_is_not():
    first = backend()
    raw = connection.connection
    connection.close()
    with raw.cursor() as cursor, pytest.raises(Exception, match="terminat"):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert backend() != first


def test_one_left_in_a_transaction_is_not():
    first = backend()
    with transaction.atomic():
        connection.close()
        transaction.set_rollback(True)
    assert backend() != first


def test_one_that_waited_long_or_hears_something_is_not(monkeypatch):
    first = backend()
    with connection.cursor() as cursor:
        cursor.execute("LISTEN something")
        cursor.execute("NOTIFY something")
    connection.close()
    second = backend()
    assert second != first
    connection.close()
    monkeypatch.setattr(base, "_LONGEST_IDLE_S", 0.0)
    assert backend() != second


def test_no_more_are_kept_than_are_needed(kept, monkeypatch):
    monkeypatch.setattr(base, "_MOST_KEPT", 0)
    first = backend()
    connection.close()
    assert backend() != first


def test_nothing_is_kept_where_nobody_asked_for_it(kept):
    kept.is_on = False
    first = backend()
    connection.close()
    assert backend() != first
