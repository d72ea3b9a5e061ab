"""What each room offers, collected: published tables, functions, job types.

Rooms never reach into each other for these; they hand over values and this module wires them.
"""

from importlib import import_module
from typing import Any
from urllib.parse import unquote, urlsplit

from django.apps import apps
from django.apps.registry import Apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate, pre_migrate

from adql import CATALOGUE_FUNCTIONS, Function
from adql.schema import Schema
from analysis import jobs as analysis_jobs
from analysis import plan_openapi
from analysis.places import COMPANIONS
from archive import datalink as archive_datalink
from archive import functions as archive_functions
from archive import tables as archive_tables
from dali.services import Service
from provenance import tables as provenance_tables
from provenance.description_store import describe
from provenance.retention import keep_what
from provenance.tables.questions import questions
from tap import examples, publication, published
from tap import jobs as tap_jobs
from uws import companions, openapi, registry
from vo_server import __version__
from vo_server.activity_kinds import (
    kinds_of_entities,
    kinds_of_jobs,
    kinds_of_steps,
    kinds_of_upkeep,
)


def wire() -> None:
    """Register every room's job types and published tables. Called once, at start."""
    for job_type in (tap_jobs.job_type, *analysis_jobs.job_types):
        registry.register(job_type)
    for module in settings.VO_UWS_JOB_MODULES:
        for job_type in import_module(module).job_types:
            registry.register(job_type)
    openapi.describe_further(plan_openapi.paths_of)
    for companion in (*COMPANIONS, companions.Companion("provenance_tend", every_s=300.0)):
        companions.declare(companion)
    keep_what("SELECT entity_id FROM analysis_cachedstep")
    published.declare(published_schemas(), published_functions(), offered_services())
    examples.declare(
        examples.Example(q.identifier, q.name, q.text, q.query, q.needs)
        for q in questions(settings.VO_VERSION)
    )
    # tap's tables are those that publishing writes; by then all other rooms have migrated too
    tap = apps.get_app_config("tap")
    pre_migrate.connect(_withdraw, sender=tap, dispatch_uid="withdraw published tables")
    post_migrate.connect(_publish, sender=tap, dispatch_uid="publish tables")
    post_migrate.connect(_describe, sender=tap, dispatch_uid="describe job types")


def published_schemas() -> tuple[Schema, ...]:
    """The schemas that the rooms publish, TAP_SCHEMA apart."""
    return (*archive_tables.published_schemas(), *provenance_tables.published_schemas())


def published_functions() -> tuple[Function, ...]:
    """The functions that queries may call beside those of the language."""
    return (*CATALOGUE_FUNCTIONS, *archive_functions.published_functions())


def offered_services() -> tuple[Service, ...]:
    """The services that results of queries are described with."""
    return archive_datalink.offered_services()


def reader_role() -> str | None:
    """The role that runs users' SQL, ``None`` where no reader is set."""
    user = urlsplit(settings.VO_READER_DATABASE_URL).username
    return unquote(user) if user else None


def _withdraw(using: str, plan: list[Any], **_signal: Any) -> None:
    """Drop the published views where a migration is about to change what is below them."""
    if plan:
        publication.withdraw(using)


def _publish(using: str, **_signal: Any) -> None:
    """Make the published views and TAP_SCHEMA again."""
    publication.publish(published.catalogue(), reader_role(), using)


def _describe(using: str, apps: Apps = apps, **_signal: Any) -> None:
    """Tell the provenance what kinds of activities the job types are, where it has its tables."""
    migrated = {model._meta.db_table for model in apps.get_models()}
    if using == DEFAULT_DB_ALIAS and "provenance_activity_description" in migrated:
        describe(
            (
                *kinds_of_jobs(registry.all(), __version__),
                *kinds_of_steps(),
                *kinds_of_upkeep(__version__),
            ),
            kinds_of_entities(registry.all()),
        )
