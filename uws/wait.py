"""Blocking behaviour of UWS job resources.

UWS 1.1, section 2.2.1.2: a client may ask the server to hold its answer until the phase changes.
Nothing here knows of HTTP, and nothing holds a thread or a database connection while it waits.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from dali.errors import ParameterError
from dali.parameters import Parameters
from uws import changes
from uws.phases import BLOCKING, Phase

#: Looks again after so long even if nothing was heard, in case the listening is broken.
_LOOK_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a client is willing to wait, and for what change.

    seconds: upper limit. phase: hold only while the job is in this phase; ``None``: in the one
    it is found in.
    """

    seconds: float
    phase: Phase | None = None


def requested_phase(text: str) -> Phase:
    """The phase that a client names; raises `ParameterError` where there is no such phase."""
    try:
        return Phase(text.upper())
    except ValueError:
        raise ParameterError("PHASE", f"{text!r} is not a phase of a job") from None


def requested_wait(parameters: Parameters, limit_s: float) -> Wait | None:
    """The wait that a request asks for with WAIT and PHASE, or ``None``.

    limit_s: the longest that the server holds an answer; WAIT=-1 means just that.
    """
    seconds = parameters.integer("WAIT")
    if seconds is None:
        return None
    phase = parameters.one("PHASE")
    return Wait(
        seconds=limit_s if seconds < 0 else min(float(seconds), limit_s),
        phase=None if phase is None else requested_phase(phase),
    )


async def hold(
    job_id: str,
    wait: Wait,
    look_first: Callable[[], Awaitable[Phase | None]],
    look: Callable[[], Awaitable[Phase | None]],
) -> None:
    """Return when there is reason to answer.

    look: the job's phase now; ``None`` when the job is gone. look_first: the same, at the start;
    what it raises ends the waiting.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + wait.seconds
    # followed before it is looked at, so that no change falls between the two
    with changes.following(job_id) as follower:
        held_in = await look_first()
        if held_in not in BLOCKING or (wait.phase is not None and wait.phase != held_in):
            return
        while (left := until - loop.time()) > 0:
            await follower.heard(min(left, _LOOK_AGAIN_S))
            if await look() != held_in:
                return
