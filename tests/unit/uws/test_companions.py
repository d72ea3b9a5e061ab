"""Programs beside a worker: started when asked for or due, started again, ended with it."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from uws import companions
from uws.companions import Companion, Companions

#: A ``manage.py`` that tells which commands it was given, and does what their names say.
MANAGE = """
import os, signal, sys, time
command = sys.argv[1]
if command == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open(os.environ["COMPANIONS_LOG"], "a") as log:
    log.write(f"{command} {os.getpid()}\\n")
if command in ("serve", "deaf"):
    time.sleep(1000)
sys.exit(3 if command in ("fail", "broken_errand") else 0)
"""
WORKER = """
import os, select, sys
from uws import companions
companions.declare(companions.Companion("serve"))
sys.argv = [sys.argv[1]]
own = companions.Companions(with_places=True)
companions.ask("serve")
own.attend()
select.select([], [], [])
"""


class Clock:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which companions are due."""
    clock = Clock()
    monkeypatch.setattr(companions, "time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What has been started, in order, a command each."""
    manage, log = tmp_path / "manage.py", tmp_path / "log"
    manage.write_text(MANAGE)
    log.touch()
    monkeypatch.setenv("COMPANIONS_LOG", str(log))
    monkeypatch.setattr(sys, "argv", [str(manage)])
    return lambda: [line.split()[0] for line in log.read_text().splitlines()]


@pytest.fixture
def start(
    clock: Clock, begun: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Companions]]:
    """Declares companions and makes the worker's side of them."""
    monkeypatch.setattr(companions, "_declared", {})
    monkeypatch.setattr(companions, "_ask_by", -1)
    made: list[Companions] = []

    def make(*declared: Companion, with_places: bool = True) -> Companions:
        for companion in declared:
            companions.declare(companion)
        made.append(Companions(with_places=with_places))
        return made[-1]

    yield make
    for one in made:
        one.end()
        os.close(one.fileno())
        os.close(companions._ask_by)


def eventually(condition: Callable[[], object]) -> None:
    """Wait until it is true."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


def pids(folder: Path) -> list[int]:
    """Of all that was started."""
    return [int(line.split()[1]) for line in (folder / "log").read_text().splitlines()]


def ended(own: Companions) -> None:
    """Wait until what runs has ended, and let it be noticed."""
    (state,) = own._states.values()
    assert state.process is not None
    state.process.wait(30)
    own.attend()


def test_what_no_job_asks_for_is_never_started(
    start: Callable[..., Companions], begun: Callable[[], list[str]]
) -> None:
    own = start(Companion("serve"))
    own.attend()
    assert own.due() == float("inf")
    assert begun() == []


def test_what_a_job_asks_for_is_started_once(
    start: Callable[..., Companions], begun: Callable[[], list[str]]
) -> None:
    own = start(Companion("serve"), Companion("other"))
    for _ in range(3):
        assert companions.ask("serve")
        own.attend()
    eventually(begun)
    assert begun() == ["serve"]


def test_nobody_is_asked_where_there_is_no_worker_or_it_has_no_place_for_long_jobs(
    start: Callable[..., Companions], begun: Callable[[], list[str]]
) -> None:
    companions.declare(Companion("serve"))
    assert not companions.ask("serve")
    own = start(with_places=False)
    companions.ask("serve")
    companions.ask("unheard of")
    own.attend()
    assert own.due() == float("inf")
    assert begun() == []


def test_one_that_dies_is_started_again_after_ever_longer_pauses_and_the_log_says_so(
    start: Callable[..., Companions],
    begun: Callable[[], list[str]],
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    own = start(Companion("fail"))
    companions.ask("fail")
    own.attend()
    pauses = []
    with caplog.at_level(logging.WARNING, "uws.companions"):
        for _ in range(7):
            ended(own)
            pauses.append(own.due() - clock.now)
            own.attend()
            assert len(begun()) == len(pauses), "not before its time"
            clock.now = own.due()
            own.attend()
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert [record.getMessage() for record in caplog.records] == [
        "fail ended (3) and is started again"
    ] * 7


def test_one_that_ran_well_for_long_is_started_again_at_once(
    start: Callable[..., Companions], begun: Callable[[], list[str]], clock: Clock, tmp_path: Path
) -> None:
    own = start(Companion("serve"))
    companions.ask("serve")
    own.attend()
    eventually(begun)
    clock.now += 3600
    os.kill(pids(tmp_path)[0], signal.SIGKILL)
    ended(own)
    eventually(lambda: len(begun()) == 2)


def test_an_errand_is_run_soon_after_the_start_and_then_time_and_again(
    start: Callable[..., Companions],
    begun: Callable[[], list[str]],
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    own = start(Companion("broken_errand", every_s=300.0))
    own.attend()
    assert (begun(), own.due()) == ([], clock.now + 10)
    clock.now = own.due()
    own.attend()
    ended(own)
    assert (len(begun()), own.due()) == (1, clock.now + 300), "counted from its end"
    assert caplog.messages == ["manage.py broken_errand ended with 3"]
    clock.now = own.due()
    own.attend()
    ended(own)
    assert len(begun()) == 2


def test_all_end_with_the_worker_also_those_that_do_not_listen(
    start: Callable[..., Companions],
    begun: Callable[[], list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(companions, "_PATIENCE_S", 0.3)
    own = start(Companion("serve"), Companion("deaf"))
    companions.ask("serve")
    companions.ask("deaf")
    own.attend()
    eventually(lambda: len(begun()) == 2)
    own.end()
    for pid in pids(tmp_path):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_worker_that_is_killed_takes_its_companions_along(
    begun: Callable[[], list[str]], tmp_path: Path
) -> None:
    worker = subprocess.Popen([sys.executable, "-c", WORKER, sys.argv[0]])
    eventually(begun)
    (pid,) = pids(tmp_path)
    worker.kill()
    worker.wait()

    def is_gone() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
        except (FileNotFoundError, ProcessLookupError):
            return True

    eventually(is_gone)
