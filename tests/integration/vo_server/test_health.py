"""Health: alive without a database, ready only with all parts."""

import json

import pytest
from django.db import connection
from django.test import Client

from vo_server import health


def test_alive_needs_no_database(client: Client) -> None:
    # Without the mark django_db, any query would fail the test.
    answer = client.get("/health/live")
    assert answer.status_code == 200
    assert answer.json() == {"status": "live"}


@pytest.mark.django_db
def test_a_full_disk_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LEAST_FREE_BYTES", 1 << 80)
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["parts"]["disk"] == "nearly full"
    assert answer.json()["parts"]["database"] == "ready"


@pytest.mark.django_db(transaction=True)
def test_a_database_out_of_reach_is_told_without_its_name(client: Client) -> None:
    known = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = "no_such_database"
    try:
        answer = client.get("/health/ready")
    finally:
        connection.close()
        connection.settings_dict["NAME"] = known
    assert answer.status_code == 503
    assert answer.json()["parts"]["database"] == "does not answer"
    assert "no_such_database" not in json.dumps(answer.json())
