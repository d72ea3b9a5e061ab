"""Job types to try jobs with, and a folder for their files."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from django.db import connection

ROOT = Path(__file__).parents[3]


@pytest.fixture
def job_types(settings, tmp_path):
    """The sample job types, offered at their addresses."""
    import sample_jobs
    from django.urls import clear_url_caches

    from uws import registry

    settings.VO_JOB_ROOT = tmp_path / "jobs"
    settings.ROOT_URLCONF = "sample_urls"
    for job_type in sample_jobs.job_types:
        registry.register(job_type)
    clear_url_caches()
    sys.modules.pop("sample_urls", None)
    yield sample_jobs
    for job_type in sample_jobs.job_types:
        registry.withdraw(job_type.name)
    clear_url_caches()


@pytest.fixture
def sample(job_types):
    """A job type that refuses wrong values when they are sent."""
    return job_types.sample


@pytest.fixture
def lenient(job_types):
    """A job type that refuses nothing before it runs."""
    return job_types.lenient


@pytest.fixture
def people(db, settings, django_user_model):
    """Two users and an administrator, as principals; each one's password is the name."""
    from auth.principal import of_user

    settings.PASSWORD_HASHERS = ["quick_hasher.QuickHasher"]
    make = django_user_model.objects
    return {
        "ann": of_user(make.create_user("ann", password="ann")),
        "bob": of_user(make.create_user("bob", password="bob")),
        "root": of_user(make.create_superuser("root", password="root")),
    }


class WorkerProcess:
    """A real worker, as an operator starts it."""

    def __init__(self, environment):
        self._environment = environment
        self.process = None

    def start(self, *arguments):
        command = [sys.executable, ROOT / "manage.py", "uws_worker", *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self._environment)
        return self.process

    def kill(self):
        """As the kernel does when memory is short."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """As an operator does."""
        self.process.terminate()
        return self.process.wait(timeout=10)


@pytest.fixture
def environment(transactional_db, settings, job_types):
    """What a process of the server needs to work on the test's database with the sample jobs."""
    database = connection.settings_dict
    host = f"?host={database['HOST']}" if database["HOST"] else ""
    credentials = f"{database['USER']}:{database['PASSWORD']}".rstrip(":")
    support = ROOT / "tests" / "support"
    return os.environ | {
        "DATABASE_URL": f"postgresql://{credentials}@/{database['NAME']}{host}",
        "VO_JOB_ROOT": str(settings.VO_JOB_ROOT),
        "VO_UWS_JOB_MODULES": "sample_jobs",
        "VO_UWS_LEASE_S": "3",
        "VO_UWS_MAX_WAIT_S": "20",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{support}",
    }


@pytest.fixture
def worker(environment):
    """A worker of the test's database that knows the sample jobs; not started yet."""
    worker = WorkerProcess(environment)
    yield worker
    if worker.process is not None and worker.process.poll() is None:
        worker.kill()


@pytest.fixture
def server(environment):
    """The production server on the test's database; its address."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [
        Path(sys.executable).with_name("granian"),
        "--interface=asginl",
        f"--port={port}",
        "--workers=1",
        "--no-ws",
        "--log-level=warning",
        "vo_server.asgi:application",
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=environment | {"SITE_URL": address})
    try:
        until = time.monotonic() + 30
        while True:
            try:
                requests.get(f"{address}/health/live", timeout=5)
                break
            except requests.ConnectionError:
                assert time.monotonic() < until, "the server did not start"
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def eventually():
    """Wait for something to become true, and return what it was."""

    def wait(condition, timeout_s=15.0):
        until = time.monotonic() + timeout_s
        while not (found := condition()):
            assert time.monotonic() < until, "it did not happen in time"
            time.sleep(0.01)
        return found

    return wait
