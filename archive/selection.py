"""Which Science Windows an analysis works on: by identifier or by place and time.

What others get are frozen values; who asks decides what they may see.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from django.db.models import Exists, OuterRef, Q, QuerySet

from archive.kinds import EVENT_KIND, JEMX_KINDS, SPI_ACS_KIND
from archive.models import DataProduct, ScienceWindow
from archive.rights import PROPRIETARY, Rights, may_read
from archive.spherical import separation, spherical_point, within_cone
from auth.principal import Principal
from dali.errors import DaliError
from instruments.frame import SpacecraftFrame
from instruments.science_window import ScienceWindowId, ScienceWindowIdError, ScienceWindowKind

#: Columns of good time, and of good time without dead time, by kind of event file.
_TIMES = {
    EVENT_KIND: ("good_isgri", "live_isgri"),
    JEMX_KINDS[1]: ("good_jemx1", "live_jemx1"),
    JEMX_KINDS[2]: ("good_jemx2", "live_jemx2"),
    SPI_ACS_KIND: ("good_spi_acs", "good_spi_acs"),
}
#: What the kinds are called in messages.
_NAMES = {
    EVENT_KIND: "ISGRI",
    JEMX_KINDS[1]: "JEM-X 1",
    JEMX_KINDS[2]: "JEM-X 2",
    SPI_ACS_KIND: "SPI-ACS",
}
#: Kinds of which pointings alone are chosen by place and time; what sees the whole sky needs none.
_POINTED = (EVENT_KIND, *JEMX_KINDS.values())
_MOST_NAMED = 10


class SelectionError(DaliError):
    """A selection that can't be made as asked; the message says why."""


class UnknownScienceWindowError(SelectionError):
    """Science Windows that the archive doesn't hold."""


class WithheldScienceWindowError(SelectionError):
    """Science Windows that this person may not read."""

    status = 403


@dataclass(frozen=True, slots=True)
class EventFile:
    """An event list. path: absolute; location: below the archive root; size: bytes."""

    path: Path
    location: PurePosixPath
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ScienceWindowRecord:
    """A Science Window with the data of one instrument.

    frame: the attitude. start_ijd, stop_ijd: IJD (TT); t_min, t_max: the same as MJD (UTC).
    event_file: of the instrument. good_time_s, live_time_s: its good time and what dead time leaves
    of it. event_count: ISGRI's.
    obs_id: the observation (AATPPPPOOOO), where known. target_class: of its target, where known.
    entity_id: provenance entity of the event file, which is also its publisher DID.
    """

    id: ScienceWindowId
    folder: PurePosixPath
    event_file: EventFile
    frame: SpacecraftFrame
    start_ijd: float
    stop_ijd: float
    t_min: float
    t_max: float
    good_time_s: float
    live_time_s: float
    event_count: int
    is_public: bool
    release_date: datetime | None
    obs_id: str | None
    proposal_id: str | None
    target_name: str | None
    is_simulated: bool
    entity_id: str


@dataclass(frozen=True, slots=True)
class Cone:
    """A circle on the sky: ICRS centre and radius in degrees."""

    ra: float
    dec: float
    radius: float

    def __post_init__(self) -> None:
        """Raise `SelectionError` for what is no circle."""
        if not all(math.isfinite(a) for a in (self.ra, self.dec, self.radius)):
            raise SelectionError("Position and radius must be finite numbers of degrees.")
        if abs(self.dec) > 90:
            raise SelectionError(f"The declination {self.dec:g} is outside -90 to 90 deg.")
        if not 0 < self.radius <= 180:
            raise SelectionError(f"The radius {self.radius:g} is outside 0 to 180 deg.")


def select(
    *,
    principal: Principal,
    ids: Sequence[str] | None = None,
    ra: float | None = None,
    dec: float | None = None,
    radius: float | None = None,
    t_start: float | None = None,
    t_end: float | None = None,
    limit: int | None = None,
    kind: str = EVENT_KIND,
) -> tuple[ScienceWindowRecord, ...]:
    """Science Windows with an instrument's data that ``principal`` may read, in order of time.

    kind: of the event file, which tells the instrument (`archive.kinds`).
    ids: ``RRRRPPPPSSSF.VVV``, or without the version for the newest one; what was named and isn't
    there, or may not be read, is an error. Without ids: pointings with good time, newest versions
    only, and what may not be read is left out. ra, dec, radius: the pointing axis lies in that
    cone (deg, ICRS). t_start, t_end: the Science Window overlaps that time (MJD, UTC). limit: at
    most so many; of more, those that point closest to the position, or the earliest, are taken;
    of ids, more are an error.

    Raises `SelectionError`. Nothing found by place and time is no error, unless something is
    there that may not be read.
    """
    cone = _cone(ra, dec, radius)
    _check_times(t_start, t_end)
    matching = _matching(kind, cone, t_start, t_end)
    if ids is not None:
        return _named(kind, ids, matching, principal, limit)
    pointings = matching.filter(_is_newest()).filter(**{f"{_TIMES[kind][0]}__gt": 0})
    if kind in _POINTED:
        pointings = pointings.filter(scw_type=ScienceWindowKind.POINTING.name)
    readable = pointings
    if not principal.is_administrator:
        readable = pointings.filter(release_date__lte=datetime.now(UTC))
    if limit is not None:
        nearest = (
            ("start_ijd",) if cone is None else (separation(_AXIS, cone.ra, cone.dec), "start_ijd")
        )
        readable = readable.order_by(*nearest)[: max(limit, 0)]
    found = _records(kind, readable)
    if not found and (limit is None or limit > 0):
        _complain_of_withheld(pointings)
    return found


_AXIS = spherical_point("ra_x", "dec_x")


def _cone(ra: float | None, dec: float | None, radius: float | None) -> Cone | None:
    given = [a for a in (ra, dec, radius) if a is not None]
    if not given:
        return None
    if ra is None or dec is None or radius is None:
        raise SelectionError("A position needs right ascension, declination and radius.")
    return Cone(ra, dec, radius)


def _check_times(t_start: float | None, t_end: float | None) -> None:
    for time in (t_start, t_end):
        if time is not None and not math.isfinite(time):
            raise SelectionError("Start and end must be finite numbers (MJD, UTC).")
    if t_start is not None and t_end is not None and t_start >= t_end:
        raise SelectionError(f"The start, MJD {t_start:.5f}, is not before the end, {t_end:.5f}.")


def _matching(
    kind: str, cone: Cone | None, t_start: float | None, t_end: float | None
) -> QuerySet[ScienceWindow]:
    found = ScienceWindow.objects.filter(products__kind=kind)
    if cone is not None:
        found = found.filter(within_cone(_AXIS, cone.ra, cone.dec, cone.radius))
    if t_start is not None:
        found = found.filter(t_max__gt=t_start)
    if t_end is not None:
        found = found.filter(t_min__lt=t_end)
    return found


def _is_newest() -> Q:
    newer = ScienceWindow.objects.filter(
        scw_id=OuterRef("scw_id"), scw_version__gt=OuterRef("scw_version")
    )
    return Q(~Exists(newer))


def _named(
    kind: str,
    ids: Sequence[str],
    matching: QuerySet[ScienceWindow],
    principal: Principal,
    limit: int | None,
) -> tuple[ScienceWindowRecord, ...]:
    """The Science Windows of that name; see `select`."""
    wanted = _identifiers(ids)
    if limit is not None and len(wanted) > limit:
        raise SelectionError(f"{len(wanted)} Science Windows were named; at most {limit} may be.")
    named = _records(kind, matching.filter(scw__in=wanted))
    records = {str(record.id): record for record in named}
    missing = [scw for scw in wanted if scw not in records]
    if missing:
        held = set(ScienceWindow.objects.filter(scw__in=missing).values_list("scw", flat=True))
        unknown = [scw for scw in missing if scw not in held]
        if unknown:
            raise UnknownScienceWindowError(f"The archive doesn't hold {_listed(unknown)}.")
        without = set(missing) - set(
            ScienceWindow.objects.filter(scw__in=missing, products__kind=kind).values_list(
                "scw", flat=True
            )
        )
        if without:
            raise UnknownScienceWindowError(
                f"The archive holds no {_NAMES[kind]} data of {_listed(without)}."
            )
        raise SelectionError(
            f"{_listed(missing)} lie outside the position or the time that was asked for."
        )
    withheld = [
        str(r.id)
        for r in records.values()
        if not may_read(principal, Rights(PROPRIETARY, r.release_date))
    ]
    if withheld:
        raise WithheldScienceWindowError(f"The data of {_listed(withheld)} are not public.")
    return tuple(sorted(records.values(), key=lambda r: (r.start_ijd, r.id)))


def _identifiers(ids: Sequence[str]) -> list[str]:
    """Full identifiers, each once; the newest version where none was given."""
    texts = list(dict.fromkeys(text.strip() for text in ids if text.strip()))
    if not texts:
        raise SelectionError("The list of Science Windows is empty.")
    bare = [text for text in texts if "." not in text]
    newest: dict[str, str] = {}
    for swid, scw in (
        ScienceWindow.objects.filter(scw_id__in=bare)
        .order_by("scw_version")
        .values_list("scw_id", "scw")
    ):
        newest[swid] = scw
    found: dict[str, str] = {}
    for text in texts:
        try:
            # a version that isn't there stands for the newest, so that the form is checked at least
            identifier = ScienceWindowId.parse(
                newest.get(text, text if "." in text else f"{text}.001")
            )
        except ScienceWindowIdError as wrong:
            raise SelectionError(str(wrong)) from None
        if "." not in text and text not in newest:
            raise UnknownScienceWindowError(f"The archive doesn't hold {text}, in any version.")
        other = found.setdefault(identifier.swid, str(identifier))
        if other != str(identifier):
            raise SelectionError(f"{other} and {identifier} are versions of the same data.")
    return list(found.values())


def _records(kind: str, found: QuerySet[ScienceWindow]) -> tuple[ScienceWindowRecord, ...]:
    windows = {window.scw: window for window in found.select_related("observation")}
    files = DataProduct.objects.filter(science_window__in=list(windows), kind=kind)
    records = [_record(windows[str(file.science_window_id)], file) for file in files]
    return tuple(sorted(records, key=lambda r: (r.start_ijd, r.id)))


def _record(window: ScienceWindow, file: DataProduct) -> ScienceWindowRecord:
    identifier = ScienceWindowId.parse(window.scw)
    good, live = _TIMES[file.kind]
    return ScienceWindowRecord(
        id=identifier,
        folder=identifier.folder,
        event_file=EventFile(
            path=file.file,
            location=PurePosixPath(file.path),
            size=file.size,
            sha256=file.sha256,
        ),
        frame=SpacecraftFrame.from_axes(window.ra_x, window.dec_x, window.ra_z, window.dec_z),
        start_ijd=window.start_ijd,
        stop_ijd=window.stop_ijd,
        t_min=window.t_min,
        t_max=window.t_max,
        good_time_s=getattr(window, good),
        live_time_s=getattr(window, live),
        event_count=window.event_count,
        is_public=Rights(PROPRIETARY, window.release_date).is_public(),
        release_date=window.release_date,
        obs_id=window.observation_id,
        proposal_id=window.observation.proposal_id if window.observation else None,
        target_name=window.target_name,
        is_simulated=window.is_simulated,
        entity_id=file.obs_publisher_did,
    )


def _complain_of_withheld(pointings: QuerySet[ScienceWindow]) -> None:
    """Raise where nothing may be read of what is there."""
    withheld = pointings.count()
    if withheld:
        raise WithheldScienceWindowError(
            f"{withheld} Science Windows match, but none of their data are public."
        )


def _listed(scws: Iterable[str]) -> str:
    names = sorted(scws)
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
