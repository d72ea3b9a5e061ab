"""From a job's last results to products: header, ObsCore row, provenance, UWS result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from analysis.cache import file_checksum
from analysis.execution import StepResult
from analysis.products.fits_files import Card
from archive.identifiers import ProductIdentity, new_product_identity
from archive.publication import NewProduct, publish
from provenance import agents, recorder, store
from provenance.identifiers import new_entity_id
from provenance.records import ActivityRecord, EntityRecord, InvolvedRecord
from uws.parameters import describe
from uws.types import JobContext


@dataclass(frozen=True, slots=True)
class Finished:
    """A file that is ready to be published.

    identity: the names that its header carries. obs_id: groups the products of one job; it isn't
    the job's own identifier, which nothing public may hold.
    """

    path: Path
    identity: ProductIdentity
    obs_id: str


@dataclass(frozen=True, slots=True)
class ProductFile:
    """One file that a job gives.

    result: its name among the job's results. file_name, media_type: as clients get it.
    made_from: the steps whose results it holds. write: writes it, given the cards that tell who
    made it and how. describe: what the archive is to know of it; ``None`` for what is never
    published.
    """

    result: str
    file_name: str
    media_type: str
    made_from: tuple[StepResult, ...]
    write: Callable[[Path, Sequence[Card]], None]
    describe: Callable[[Finished], NewProduct] | None = None


@dataclass(frozen=True, slots=True)
class _Written:
    product: ProductFile
    path: Path
    entity: EntityRecord
    to_publish: NewProduct | None


def give(
    context: JobContext[Any],
    activity_name: str,
    products: Sequence[ProductFile],
    informants: Sequence[str],
    *,
    public: bool,
    extra_parameters: dict[str, recorder.ParameterValue],
) -> None:
    """Write the products, enter their provenance, publish them, and make them results.

    informants: activities of the steps that the job ran or found in the cache. public: products
    are published, and with them the whole of their making becomes visible; otherwise they stay
    results of the job. Provenance and publication are entered in the transaction that completes
    the job: what died before has published nothing, and the job that is run again does it once.
    """
    authority = settings.VO_AUTHORITY
    with recorder.activity(
        activity_name,
        version=settings.VO_VERSION,
        authority=authority,
        agents=_agents(context),
        parameters=[
            *_parameters(context),
            *(recorder.parameter(name, value) for name, value in extra_parameters.items()),
        ],
    ) as activity:
        for informant in informants:
            activity.informed_by(informant)
        written = [_write(context, product, activity, public) for product in products]
    context.at_completion.append(partial(_enter, activity.record, written, public))
    for item in written:
        context.add_result(item.product.result, item.path, item.product.media_type)


def _write(
    context: JobContext[Any], product: ProductFile, activity: recorder.Recorder, public: bool
) -> _Written:
    path = context.folder / product.file_name
    identity = new_product_identity() if public and product.describe else None
    entity_id = identity.obs_publisher_did if identity else new_entity_id(settings.VO_AUTHORITY)
    product.write(path, _cards(entity_id, activity))
    for step in product.made_from:
        activity.used(step.file.entity, role=step.step.kind.name)
    entity = activity.generated(
        EntityRecord(
            entity_id,
            name=product.file_name,
            location=identity.access_url if identity else None,
            content_type=product.media_type,
            checksum=file_checksum(path),
            description=product.result,
            derived_from=tuple(step.file.entity.id for step in product.made_from),
        ),
        role=product.result,
    )
    to_publish = None
    if identity and product.describe:
        obs_id = activity.id.partition("?")[2]
        to_publish = product.describe(Finished(path, identity, obs_id))
    return _Written(product, path, entity, to_publish)


def _enter(record: ActivityRecord, written: Sequence[_Written], public: bool) -> None:
    with transaction.atomic():
        store.enter([record])
        for item in written:
            if item.to_publish is not None:
                publish(item.to_publish)
        if public:
            store.make_public([item.entity.id for item in written])


def _cards(entity_id: str, activity: recorder.Recorder) -> list[Card]:
    """Who made the file, and where to ask how."""
    return [
        ("CREATOR", f"vo_server {settings.VO_VERSION}", "Software that wrote this file"),
        ("DATE", datetime.now(UTC).isoformat(timespec="seconds")[:19], "UTC of writing"),
        ("PROVENT", entity_id, "This file as a provenance entity"),
        ("PROVACT", activity.id, "Activity that generated it"),
        ("PROVTAP", f"{settings.SITE_URL}/tap", "TAP service with schema provenance"),
    ]


def _agents(context: JobContext[Any]) -> list[InvolvedRecord]:
    authority = settings.VO_AUTHORITY
    found = [
        InvolvedRecord(agents.software(authority, "vo_server", settings.VO_VERSION), "software")
    ]
    if not context.owner.is_anonymous:
        found.append(InvolvedRecord(agents.person(authority, context.owner.name), "operator"))
    return found


def _parameters(context: JobContext[Any]) -> list[Any]:
    """The job's parameters as they were used, defaults among them."""
    model = type(context.parameters)
    values = context.parameters.model_dump(by_alias=True)
    return [
        recorder.parameter(
            described.name,
            value,
            unit=described.unit or None,
            ucd=described.ucd or None,
            description=described.description or None,
        )
        for described in describe(model)
        if (value := values[described.name]) is not None
    ]
