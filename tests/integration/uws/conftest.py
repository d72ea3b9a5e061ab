"""Job types to try jobs with, and a folder for their files."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
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
def people(db, django_user_model):
    """Two users and an administrator, as principals; each one's password is the name."""
    from auth.principal import of_user

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
def worker(transactional_db, settings, job_types):
    """A worker of the test's database that knows the sample jobs; not started yet."""
    database = connection.settings_dict
    host = f"?host={database['HOST']}" if database["HOST"] else ""
    credentials = f"{database['USER']}:{database['PASSWORD']}".rstrip(":")
    support = ROOT / "tests" / "support"
    environment = os.environ | {
        "DATABASE_URL": f"postgresql://{credentials}@/{database['NAME']}{host}",
        "VO_JOB_ROOT": str(settings.VO_JOB_ROOT),
        "VO_UWS_JOB_MODULES": "sample_jobs",
        "VO_UWS_LEASE_S": "3",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{support}",
    }
    worker = WorkerProcess(environment)
    yield worker
    if worker.process is not None and worker.process.poll() is None:
        worker.kill()


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
