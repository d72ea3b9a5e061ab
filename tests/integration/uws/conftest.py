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

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import queue, registry, service
from uws.phases import TERMINAL
from uws.processes import Process
from uws.types import Queue

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def job_root(tmp_path_factory):
    """The folder of all jobs; its path is longer than a socket's may be."""
    return tmp_path_factory.mktemp("jobs") / "-".join(["long"] * 20)


@pytest.fixture
def job_types(settings, job_root):
    """The sample job types, offered at their addresses."""
    import sample_jobs
    from django.urls import clear_url_caches

    settings.VO_JOB_ROOT = job_root
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

    def start(self, *arguments, log=None, **settings):
        """With two places for the sample jobs; none for analyses, whose code takes long to load.

        log: an open file for what it says.
        """
        arguments = arguments or ("--jobs=0", "--short-jobs=2")
        command = [sys.executable, ROOT / "manage.py", "uws_worker", *arguments]
        environment = self._environment | settings
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log)
        return self.process

    def kill(self):
        """As the kernel does when memory is short."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """As an operator does."""
        self.process.terminate()
        return self.process.wait(timeout=20)


@pytest.fixture(scope="session")
def environment(django_db_setup, job_root):
    """What a process of the server needs to work on the test's database with the sample jobs."""
    database = connection.settings_dict
    host = f"?host={database['HOST']}" if database["HOST"] else ""
    credentials = f"{database['USER']}:{database['PASSWORD']}".rstrip(":")
    support = ROOT / "tests" / "support"
    return os.environ | {
        "DATABASE_URL": f"postgresql://{credentials}@/{database['NAME']}{host}",
        "VO_JOB_ROOT": str(job_root),
        "VO_UWS_JOB_MODULES": "sample_jobs",
        "VO_UWS_LEASE_S": "3",
        "VO_UWS_MAX_WAIT_S": "20",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{support}",
    }


@pytest.fixture
def worker(transactional_db, environment, job_types):
    """A worker of the test's database that knows the sample jobs; not started yet."""
    worker = WorkerProcess(environment)
    yield worker
    if worker.process is not None and worker.process.poll() is None:
        worker.kill()


@pytest.fixture(scope="module")
def module_worker(environment):
    """A worker that runs as long as the module's tests, since each start takes seconds."""
    worker = WorkerProcess(environment)
    worker.start()
    yield worker
    worker.stop()


@pytest.fixture
def claimed(transactional_db, job_types):
    """Claim for a worker that exists in the database only; the ids of what it got, in order."""
    identity = queue.WorkerIdentity(
        "here", "elsewhere", "host", Process(1, 1), Process(1, 1), capacity=9
    )
    queue.heartbeat(identity)

    def claim(times=1, jobs_queue=Queue.SHORT):
        claims = [queue.claim(identity.id, jobs_queue) for _ in range(times)]
        return [found.attempt.job_id for found in claims if found is not None]

    return claim


@pytest.fixture(scope="module")
def server(environment):
    """The production server on the tests' database; its address.

    What a test writes must be committed for it, and is gone after the test.
    """
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

    def wait(condition, timeout_s=30.0):
        until = time.monotonic() + timeout_s
        while not (found := condition()):
            assert time.monotonic() < until, "it did not happen in time"
            time.sleep(0.01)
        return found

    return wait


@pytest.fixture
def submit(sample):
    """Queue a sample job that does as told; or leave it PENDING, where only ``prepared``."""

    def queue_job(principal=ANONYMOUS, prepared=False, **told):
        told = {"text": "hello"} | told
        parameters = Parameters((k, str(v)) for k, v in told.items())
        return service.create(sample, principal, parameters, run_now=not prepared).job_id

    return queue_job


@pytest.fixture
def record(sample):
    return lambda job_id: service.get(sample, ANONYMOUS, job_id)


@pytest.fixture
def executing(eventually, record):
    """Wait until the job's own code runs; the pid of its process."""

    def said(job_id):
        lines = [message.text for message in record(job_id).messages]
        return [int(line.rpartition(" ")[2]) for line in lines if line.startswith("I run as ")]

    def wait(job_id):
        eventually(lambda: said(job_id))
        return said(job_id)[-1]

    return wait


@pytest.fixture
def ended(eventually, record):
    """Wait until the job is over; the job."""

    def wait(job_id, timeout_s=30.0):
        eventually(lambda: record(job_id).phase in TERMINAL, timeout_s)
        return record(job_id)

    return wait
