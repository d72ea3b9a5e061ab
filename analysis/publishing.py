"""From a job's last results to products: header, ObsCore row, provenance, UWS result."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from analysis import cache_index
from analysis.cache import Cache
from analysis.canonical import digest
from analysis.outcomes import StepResult
from analysis.products.fits_files import Card
from analysis.products.provenance_cards import identity_cards, step_cards
from analysis.products.provenance_extension import Document, add_history, joined
from archive.identifiers import ProductIdentity, new_product_identity
from archive.publication import NewProduct, publish
from auth.shown_names import shown_name
from provenance import agents, people, recorder, serialisation, store
from provenance.files import file_checksum
from provenance.history import History, backwards
from provenance.identifiers import new_entity_id
from provenance.numbered import without_number
from provenance.records import (
    ActivityRecord,
    AgentRecord,
    EntityClass,
    EntityRecord,
    GeneratedRecord,
    InvolvedRecord,
    ParameterRecord,
)
from provenance.snapshots import Snapshot
from uws.parameters import describe
from uws.types import JobContext

#: Packages that a product's file comes from, beside those of the steps.
_WRITERS = ("astropy", "numpy")
#: Media type of the files that carry their own history.
FITS = "application/fits"


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
    published, and so never compared when it is made again: a log.
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


@dataclass(frozen=True, slots=True)
class Publication:
    """What a job has given, to be entered by the transaction that completes it.

    activity: the job's own. public: whether everybody may see it. owner: the account's id.
    """

    activity: ActivityRecord
    written: tuple[_Written, ...]
    public: bool
    owner: int | None

    def __call__(self) -> None:
        """Publish the products and enter their provenance."""
        products = [item.product for item in self.written if item.to_publish]
        with transaction.atomic():
            # files are copied before the turn to write history has come, which others wait for
            for item in self.written:
                if item.to_publish is not None:
                    publish(item.to_publish)
            store.enter([self.activity, self._together()])
            people.call_by_present_name(self.owner)
            if self.public:
                store.make_public([item.entity.id for item in self.written])
                cache_index.pin(_steps(products))

    def _together(self) -> EntityRecord:
        """All that one job gave, as a collection; it is found by the activity's own number."""
        return EntityRecord(
            self.activity.id.replace("/activity?", "/collection?"),
            name=f"Results of one {self.activity.name}",
            entity_class=EntityClass.COLLECTION,
            description="job_results",
            generated_at=self.activity.end,
            members=tuple(item.entity.id for item in self.written),
            public=self.public,
        )


def given(context: JobContext[Any]) -> ActivityRecord | None:
    """The activity by which a job has given its products; ``None`` before it has."""
    publications = (end for end in context.at_completion if isinstance(end, Publication))
    return next((publication.activity for publication in publications), None)


def give(
    context: JobContext[Any],
    activity_name: str,
    products: Sequence[ProductFile],
    looked_at: Sequence[StepResult],
    *,
    public: bool,
    extra_parameters: dict[str, recorder.ParameterValue],
) -> None:
    """Write the products, enter their provenance, publish them, and make them results.

    looked_at: what the job ran or found in the cache, also where no product holds it. public:
    products are published, and with them the whole of their making becomes visible, and of what
    else the job looked at, what everybody may see; otherwise they stay results of the job.
    Provenance and publication are entered in the transaction that completes the job: what died
    before has published nothing, and the job that is run again does it once. Whatever the caller
    says, nothing becomes public that comes from a step which isn't known to be: one made beside the
    cache (`analysis.anew`) is not.
    """
    if public:
        origins = _steps(products)
        rights = cache_index.rights(origins)
        # what the index doesn't know, nobody knows to be public
        public = origins <= rights.keys() and all(known.is_public() for known in rights.values())
        if not public:
            context.message("not published: not all of what it was made from is known to be public")
    authority = settings.VO_AUTHORITY
    with recorder.activity(
        activity_name,
        version=settings.VO_VERSION,
        authority=authority,
        start=context.begun,
        agents=agents_of(context),
        parameters=[
            *parameters_of(context),
            *(recorder.parameter(name, value) for name, value in extra_parameters.items()),
        ],
    ) as activity:
        activity.remark_privately(f"Job {context.job_id}.")
        for informant in _public(looked_at) if public else looked_at:
            activity.informed_by(informant.file.activity.id)
        made_from = (step for product in products for step in product.made_from)
        for step in {step.step.identity: step for step in made_from}.values():
            activity.used(step.file.entity, role=step.step.kind.name)
        # the files tell when the work was done, so that it is done before they are written
        end = activity.work_done()
        histories = _Histories()
        written = [
            _write(context, product, activity, histories, end, public) for product in products
        ]
    context.at_completion.append(
        Publication(activity.record, tuple(written), public, context.owner.user_id)
    )
    for item in written:
        context.add_result(item.product.result, item.path, item.product.media_type)


def _public(results: Sequence[StepResult]) -> list[StepResult]:
    """Those that come from nothing but public data, as far as is known.

    A job looks at more than its products hold: of a Science Window that was left out, the steps
    before the one that failed.
    """
    rights = cache_index.rights(result.step.identity for result in results)
    return [
        result
        for result in results
        if (known := rights.get(result.step.identity)) is not None and known.is_public()
    ]


def _write(
    context: JobContext[Any],
    product: ProductFile,
    activity: recorder.Recorder,
    histories: "_Histories",
    end: datetime,
    public: bool,
) -> _Written:
    path = context.folder / product.file_name
    identity = new_product_identity() if public and product.describe else None
    entity = EntityRecord(
        identity.obs_publisher_did if identity else new_entity_id(settings.VO_AUTHORITY),
        name=product.file_name,
        location=identity.access_url if identity else None,
        content_type=product.media_type,
        generated_at=end,
        description=without_number(product.result),
        derived_from=tuple(step.file.entity.id for step in product.made_from),
        attributed_to=_creators(context),
    )
    product.write(
        path,
        identity_cards(
            f"vo_server {settings.VO_VERSION}",
            datetime.now(UTC),
            entity.id,
            activity.id,
            settings.SITE_URL,
        ),
    )
    if product.media_type == FITS:
        made = replace(
            activity.so_far,
            generated=(GeneratedRecord(entity, role=product.result),),
            informants=(),
        )
        steps = [result.step for result in product.made_from]
        engine, digest = (
            ", ".join(dict.fromkeys(values))
            for values in ([s.engine for s in steps], [s.software_digest for s in steps])
        )
        cards = step_cards(made, engine, digest, frozenset(entity.derived_from), end)
        add_history(path, cards, histories.of(made, entity))
    entity = activity.generated(replace(entity, checksum=file_checksum(path)), role=product.result)
    to_publish = None
    if identity and product.describe:
        obs_id = activity.id.partition("?")[2]
        to_publish = product.describe(Finished(path, identity, obs_id))
    return _Written(product, path, entity, to_publish)


class _Histories:
    """What the products of a job came from, as it goes into their files."""

    def __init__(self) -> None:
        self._cache = Cache(Path(settings.VO_CACHE_ROOT))

    def of(self, last: ActivityRecord, product: EntityRecord) -> Document:
        """The whole history of a product whose ``last`` step isn't in the tables yet."""
        origins = product.derived_from
        own = replace(last, used=tuple(use for use in last.used if use.entity.id in origins))
        before = self._before(origins)
        return joined(before, _document(History((own,), (product,)), before["prefix"]))

    def _before(self, origins: tuple[str, ...]) -> Document:
        """The history of results of steps: written out once, then kept.

        What was done never changes; marks on data and names of people do, and it is written anew.
        """
        key = digest({"software": settings.VO_VERSION, "history of": list(origins)})
        kept = self._cache.note(key)
        if kept is not None and Snapshot(**kept["snapshot"]).is_of_today():
            known: Document = kept["document"]
            return known
        history = backwards(origins, None, hidden=True)
        document = _document(history)
        snapshot = asdict(Snapshot.of(history))
        self._cache.keep_note(key, {"snapshot": snapshot, "document": document})
        return document


def _document(history: History, prefixes: Mapping[str, str] | None = None) -> Document:
    """prefixes: those of the document that it will be joined with."""
    written = serialisation.document(history, prefixes=prefixes)
    document: Document = json.loads(serialisation.to_json(written))
    return document


def _steps(products: Sequence[ProductFile]) -> set[str]:
    """The identities of the steps that these were made from."""
    return {step.step.identity for product in products for step in product.made_from}


def agents_of(context: JobContext[Any]) -> list[InvolvedRecord]:
    """Who and what a job is run by."""
    authority = settings.VO_AUTHORITY
    found = [
        InvolvedRecord(agents.software(authority, "vo_server", settings.VO_VERSION), "software"),
        # what writes the files
        *(InvolvedRecord(agents.software(authority, name), "software") for name in _WRITERS),
    ]
    if not context.owner.is_anonymous:
        found.append(InvolvedRecord(_owner(context), agents.OPERATOR))
    return found


def _owner(context: JobContext[Any]) -> AgentRecord:
    """Whoever runs the job, under the name that others may read."""
    name = shown_name(context.owner)
    return agents.person(settings.VO_AUTHORITY, name, context.owner.user_id)


def _creators(context: JobContext[Any]) -> tuple[InvolvedRecord, ...]:
    """Whom a product is attributed to: its owner, or this server where nobody signed in."""
    if context.owner.is_anonymous:
        server = agents.software(settings.VO_AUTHORITY, "vo_server", settings.VO_VERSION)
        return (InvolvedRecord(server, agents.CREATOR),)
    return (InvolvedRecord(_owner(context), agents.CREATOR),)


def parameters_of(context: JobContext[Any]) -> list[ParameterRecord]:
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
