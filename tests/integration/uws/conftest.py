"""Job types to try jobs with, and a folder for their files."""

import sys

import pytest


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
