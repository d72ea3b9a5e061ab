"""The phases of a job and the ways between them.

UWS 1.1, section 2.1.3. Pure rules: `uws.service` and the statements of `uws/sql` follow them.
"""

from collections.abc import Mapping
from enum import StrEnum

from uws.errors import PhaseError


class Phase(StrEnum):
    """Where a job stands."""

    PENDING = "PENDING"  #: Being prepared by its owner; parameters may still change
    QUEUED = "QUEUED"  #: Handed in; waits for a worker
    EXECUTING = "EXECUTING"  #: A worker's child process runs it
    COMPLETED = "COMPLETED"  #: Done; the results are there
    ERROR = "ERROR"  #: Failed; the error summary says why
    ABORTED = "ABORTED"  #: Ended by its owner, or by the server for overuse
    HELD = "HELD"  #: Handed in, but not queued until its owner asks again
    SUSPENDED = "SUSPENDED"  #: Paused by the server, which will resume it
    UNKNOWN = "UNKNOWN"  #: The server can't tell at the moment
    ARCHIVED = "ARCHIVED"  #: Past its destruction time; only its description is kept


_NEXT: Mapping[Phase, frozenset[Phase]] = {
    Phase.PENDING: frozenset({Phase.QUEUED, Phase.HELD, Phase.ABORTED, Phase.ERROR}),
    Phase.HELD: frozenset({Phase.QUEUED, Phase.ABORTED, Phase.ERROR}),
    Phase.QUEUED: frozenset({Phase.EXECUTING, Phase.HELD, Phase.ABORTED, Phase.ERROR}),
    # Back to QUEUED: the worker stopped or died, another takes the job up.
    Phase.EXECUTING: frozenset(
        {Phase.COMPLETED, Phase.ERROR, Phase.ABORTED, Phase.SUSPENDED, Phase.QUEUED}
    ),
    Phase.SUSPENDED: frozenset({Phase.EXECUTING, Phase.QUEUED, Phase.ABORTED, Phase.ERROR}),
    Phase.COMPLETED: frozenset({Phase.ARCHIVED}),
    Phase.ERROR: frozenset({Phase.ARCHIVED}),
    Phase.ABORTED: frozenset({Phase.ARCHIVED}),
    Phase.ARCHIVED: frozenset(),
    # Only reported, never stored: nothing leads here and nothing away.
    Phase.UNKNOWN: frozenset(),
}

#: No work will be done on a job in these phases any more.
TERMINAL = frozenset({Phase.COMPLETED, Phase.ERROR, Phase.ABORTED, Phase.ARCHIVED})

#: A job leaves these phases some day.
ACTIVE = frozenset({Phase.PENDING, Phase.QUEUED, Phase.EXECUTING, Phase.HELD, Phase.SUSPENDED})

#: An answer may be held in these phases only (section 2.2.1.2).
BLOCKING = frozenset({Phase.PENDING, Phase.QUEUED, Phase.EXECUTING})

#: Phases that PHASE=RUN starts from.
STARTABLE = frozenset({Phase.PENDING, Phase.HELD})


def next_phases(phase: Phase) -> frozenset[Phase]:
    """The phases that may follow ``phase`` directly."""
    return _NEXT[phase]


def advance(current: Phase, to: Phase) -> Phase:
    """``to``, where it may follow ``current``; raises `PhaseError` otherwise."""
    if to not in _NEXT[current]:
        raise PhaseError(f"a job that is {current} can't become {to}")
    return to
