"""What `reproduce` compares with: the stored products of a recorded activity, or one of them."""

from dataclasses import dataclass
from typing import Any

from archive import stored_products
from archive.stored_products import StoredProduct
from auth.principal import Principal
from dali.errors import NotFoundError
from provenance.history import History, backwards, made_by
from provenance.records import ActivityRecord
from uws import registry
from uws.errors import JobFailure, UnknownJobTypeError
from uws.types import JobType

#: The job type that asks for them.
REPRODUCE = "reproduce"
#: Results that tell of a run rather than of the sky, so that no two are alike.
_OF_A_RUN = frozenset({"log"})


@dataclass(frozen=True, slots=True)
class Original:
    """A stored product to compare with. result: its name among the job's results."""

    result: str
    product: StoredProduct


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something the activity made that isn't compared, and why. entity: its identifier."""

    result: str
    entity: str
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be made again.

    activity: the one that made it, with its history. originals: at least one; the product that was
    asked for, or all that the activity's were. left_out: what else it made, where the activity was
    asked for.
    """

    activity: ActivityRecord
    history: History
    job_type: JobType[Any]
    originals: tuple[Original, ...]
    left_out: tuple[LeftOut, ...] = ()


def asked_for(identifier: str, owner: Principal) -> Asked:
    """What a product or an activity of this identifier stands for.

    Raises `JobFailure` where it is unknown, can't be run again, or has nothing to compare with.
    """
    product = _product(identifier, owner)
    start = product.obs_publisher_did if product else identifier
    if product is None:
        _check_known(identifier)
    # what a person may read, they may know the whole history of
    history = backwards([start], None, hidden=True)
    activity = next((a for a in history.activities if _is_meant(a, start)), None)
    if activity is None:
        raise JobFailure(f"ID: {identifier!r} was not made by any activity that is recorded here")
    job_type = _job_type(activity)
    made = made_by(activity.id)
    originals = tuple(
        Original(made[found.obs_publisher_did], found)
        for found in stored_products.find_all(tuple(made), owner)
        if made[found.obs_publisher_did] not in _OF_A_RUN
    )
    if not originals:
        raise JobFailure(f"ID: no product of activity {activity.id!r} is stored here")
    if start == activity.id:
        return Asked(activity, history, job_type, originals, _left_out(made, originals))
    asked = tuple(each for each in originals if each.product.obs_publisher_did == start)
    if not asked:
        stored = ", ".join(f"{o.result} ({o.product.obs_publisher_did})" for o in originals)
        raise JobFailure(
            f"ID: {identifier!r}, {made[start]!r} of activity {activity.id!r}, "
            f"{_reason(made[start])}, so that it can't be compared; of that activity, these can:"
            f" {stored}"
        )
    return Asked(activity, history, job_type, asked)


def _product(identifier: str, owner: Principal) -> StoredProduct | None:
    try:
        return stored_products.find(identifier, owner)
    except NotFoundError:
        return None  # perhaps an activity


def _check_known(identifier: str) -> None:
    try:
        backwards([identifier], 1)
    except NotFoundError:
        raise JobFailure(
            f"ID: no public product or activity {identifier!r} is known; give the"
            " obs_publisher_did of a product (PROVENT in a file's header) or the activity that"
            " made it (PROVACT)"
        ) from None


def _is_meant(activity: ActivityRecord, identifier: str) -> bool:
    """Whether the identifier is the activity's or that of something that it made."""
    return activity.id == identifier or any(
        generated.entity.id == identifier for generated in activity.generated
    )


def _job_type(activity: ActivityRecord) -> JobType[Any]:
    """The type of the job that the activity was; raises `JobFailure` where it was none."""
    try:
        job_type = registry.get(activity.name)
    except UnknownJobTypeError:
        raise JobFailure(
            f"ID: {activity.name!r} is no job that can be run again here; give the activity or a"
            " product of an analysis job"
        ) from None
    if job_type.name == REPRODUCE:
        raise JobFailure("ID: a comparison can't be made again; give what it compared")
    return job_type


def _left_out(made: dict[str, str], originals: tuple[Original, ...]) -> tuple[LeftOut, ...]:
    """made: results by the identifiers of their entities."""
    compared = {each.product.obs_publisher_did for each in originals}
    return tuple(
        LeftOut(result, entity, _reason(result))
        for entity, result in sorted(made.items(), key=lambda item: item[1])
        if entity not in compared
    )


def _reason(result: str) -> str:
    return "tells of a run" if result in _OF_A_RUN else "is not stored here"
