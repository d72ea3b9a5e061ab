"""Health: alive without a database, ready only with all parts."""

import json
import os

import pytest
from django.db import connection
from django.test import Client

from uws import processes, queue
from uws.queue import WorkerIdentity
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


@pytest.mark.django_db
def test_without_a_worker_it_is_not_ready(client: Client) -> None:
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["parts"]["worker"] == "none has been heard of lately"


@pytest.mark.django_db
def test_with_every_part_it_is_ready(client: Client) -> None:
    here = processes.process(os.getpid())
    queue.heartbeat(
        WorkerIdentity("w", processes.place(), "host", process=here, template=here, capacity=1)
    )
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert set(answer.json()["parts"].values()) == {"ready"}


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


@pytest.mark.django_db
def test_a_site_s_scheduler_that_can_not_be_reached_is_not_ready(client: Client, settings) -> None:
    settings.VO_DASK_SCHEDULER = "tcp://127.0.0.1:9"
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert "can't be reached" in answer.json()["parts"]["steps"]
