"""What runs the steps of a graph is killed in the middle: the job completes, nothing runs twice."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import fake_osa
import pytest
import requests
from graph_jobs import Client, described, eventually, is_alive, kill, members
from own_server import OwnServer
from tiny_engine import programs

_numbers = count(1000, 1000)


@pytest.fixture(scope="module")
def osa(tmp_path_factory: pytest.TempPathFactory, small_archive: Path) -> Path:
    """Where executables are that speak OSA's protocol, on the Science Windows of the archive."""
    folder = tmp_path_factory.mktemp("osa")
    (folder / "samples").mkdir()
    fake_osa.make_samples(folder / "samples")
    fake_osa.install(folder / "root", folder / "repository", [], folder / "samples")
    (folder / "repository" / "scw").symlink_to(small_archive / "scw")
    return folder / "root"


@pytest.fixture(scope="module")
def server(osa: Path, small_archive: Path) -> Iterator[OwnServer]:
    """A server of its own with one worker that runs two jobs."""
    variables = {
        "VO_UWS_JOB_MODULES": "tiny_jobs",
        "VO_ANALYSIS_PROCESSES": "2",
        "VO_ARCHIVE_ROOT": str(small_archive),
        "VO_OSA_ROOT": str(osa),
        "VO_OSA_REP_BASE_PROD": str(osa.parent / "repository"),
    }
    with OwnServer() as server:
        server.environment |= variables
        server.manage("ingest", str(small_archive), "--verbosity=0")
        server.start_worker()
        server.start_web()
        yield server


@pytest.fixture
def client(server: OwnServer, tmp_path: Path) -> Client:
    """A client with a folder of its own, so that no step is cached."""
    return Client(server.url, tmp_path)


@pytest.fixture
def cache(server: OwnServer) -> Path:
    """The folder of the server's cache."""
    return Path(server.environment["VO_CACHE_ROOT"])


def numbers(how_many: int) -> tuple[list[int], str]:
    """Numbers that no test has added before, and how a job is told of them."""
    begin = next(_numbers)
    found = [begin + n for n in range(how_many)]
    return found, ",".join(map(str, found))


def stored(cache: Path, given: list[int]) -> list[str]:
    """The steps of a job that are finished: whose results lie in the cache."""
    found = {path.read_text() for path in cache.glob("results/*/*/sum.txt")}
    return [str(number) for number in given if str(number) in found]


def assert_made_once(made: list[str], given: list[int], finished: list[str]) -> None:
    """All steps were made; those that were finished when something died were not made again.

    What was between its work and the storing of its result may have been.
    """
    assert set(made) == {*map(str, given), str(sum(given))}
    assert [made.count(number) for number in finished] == [1] * len(finished)
    assert len(made) <= len(given) + 1 + 2


def test_the_same_job_again_runs_no_step(client: Client) -> None:
    given, sent = numbers(3)
    first = client.begin(numbers=sent)
    assert client.result(first) == sum(given)
    assert len(client.done()) == 4
    steps = [line for line in client.log(first) if line.startswith("add ")]
    assert sorted(steps)[-1] == f"add part {given[-1]} main done"
    assert steps[-1] == "add of all main done"
    assert len(steps) == 4
    again = client.begin(numbers=sent)
    assert client.result(again) == sum(given)
    assert client.done() == []
    assert client.log(again) == ["add of all restored from cache"]
    assert client.messages(again) == client.log(again), "also in the job's own document"
    assert client.messages(first) == client.log(first)


def test_what_is_done_is_told_while_a_long_step_runs(client: Client) -> None:
    given, sent = numbers(3)
    job = client.begin(numbers=sent, last_seconds=100)
    eventually(lambda: len(client.begun()) == 4)
    lines = {line for n in given for line in (f"add part {n} main done", f"the sum is {n}")}
    eventually(lambda: set(client.messages(job)) == lines, 20)
    progress = client.document(job).find("{*}jobInfo/{*}progress")
    assert progress is not None
    assert (progress.get("done"), progress.get("total")) == ("3.0", "4.0")
    client.abort(job)


def test_a_dask_worker_killed_in_the_middle_delays_only(client: Client, cache: Path) -> None:
    given, sent = numbers(8)
    job = client.begin(numbers=sent, seconds=0.4)
    eventually(lambda: len(client.begun()) >= 4)
    victim = members(cache)["workers"][0]
    finished = stored(cache, given)
    kill(victim)
    assert client.result(job) == sum(given)
    assert_made_once(client.done(), given, finished)
    assert len(client.begun()) <= 9 + 1, "only what the killed one ran was begun again"
    eventually(lambda: victim not in members(cache)["workers"], 10)
    assert len(members(cache)["workers"]) == 2, "another has taken its place"


def test_a_scheduler_killed_in_the_middle_delays_only(client: Client, cache: Path) -> None:
    given, sent = numbers(8)
    job = client.begin(numbers=sent, seconds=0.4)
    eventually(lambda: len(client.begun()) >= 4)
    (victim,) = members(cache)["scheduler"]
    finished = stored(cache, given)
    kill(victim)
    assert client.result(job) == sum(given)
    assert_made_once(client.done(), given, finished)
    assert len(client.begun()) <= 9 + 2, "only what was running was begun again"


def test_the_cluster_s_first_process_killed_in_the_middle_delays_only(
    client: Client, cache: Path
) -> None:
    given, sent = numbers(6)
    job = client.begin(numbers=sent, seconds=0.4)
    eventually(lambda: len(client.begun()) >= 3)
    parts = [pid for pids in members(cache).values() for pid in pids]
    finished = stored(cache, given)
    kill(described(cache)["pid"])
    assert client.result(job) == sum(given)
    assert_made_once(client.done(), given, finished)
    assert not any(map(is_alive, parts)), "its parts ended with it"


def test_a_uws_worker_killed_in_the_middle_delays_only(
    client: Client, cache: Path, server: OwnServer
) -> None:
    given, sent = numbers(8)
    job = client.begin(numbers=sent, seconds=0.4)
    eventually(lambda: len(client.begun()) >= 4)
    parts = [pid for pids in members(cache).values() for pid in pids]
    worker = server.workers[-1]
    finished = stored(cache, given)
    worker.kill()
    worker.wait()
    eventually(lambda: not any(map(is_alive, parts)), 5)
    server.start_worker()
    assert client.result(job) == sum(given)
    assert_made_once(client.done(), given, finished)
    assert any(line.endswith("restored from cache") for line in client.log(job))


def test_an_abort_ends_the_running_step_within_two_seconds(client: Client) -> None:
    _, sent = numbers(1)
    job = client.begin(numbers=sent, seconds=100)
    ((pid, _),) = eventually(client.begun)
    client.abort(job)
    eventually(lambda: not is_alive(pid), 2)
    assert client.phase(job) == "ABORTED"


def test_an_abort_ends_the_programs_of_osa_with_those_that_they_started(
    server: OwnServer, osa: Path, small_archive: Path
) -> None:
    fake_osa.behave(osa, ibis_science_analysis=("", "hang"))
    scw = sorted(path.name for path in (small_archive / "scw").glob("*/*"))[0]
    answer = requests.post(
        f"{server.url}/uws/isgri_image",
        data={"scw_list": scw, "engine": "osa", "PHASE": "RUN"},
        timeout=30,
        allow_redirects=False,
    )
    assert answer.status_code == 303, answer.text
    job = answer.headers["Location"]
    client = Client(server.url, osa)
    eventually((osa / "grandchild").exists)
    called = started_with(f"ISDC_ENV={osa}")
    assert len(called) >= 2
    client.abort(job)
    eventually(lambda: not started_with(f"ISDC_ENV={osa}"), 2)
    assert client.phase(job) == "ABORTED"


@pytest.mark.parametrize("who", ["nursery", "worker", "scheduler", "first process"])
def test_whoever_dies_takes_along_all_that_its_steps_have_started(
    client: Client, cache: Path, who: str
) -> None:
    job = client.begin(numbers=numbers(1)[1], branching=True)
    before = eventually(lambda: branches(client))
    ((pid, _),) = client.begun()
    nursery = parent(pid)
    worker = parent(parent(nursery))
    assert worker in members(cache)["workers"]
    (scheduler,) = members(cache)["scheduler"]
    victims = {"nursery": nursery, "worker": worker, "scheduler": scheduler}
    kill(victims.get(who) or described(cache)["pid"])
    eventually(lambda: not before & programs(client.folder).keys(), 5)
    eventually(lambda: branches(client))
    if who == "nursery":
        family = Path(f"/proc/{worker}/task").glob("*/children")
        (guard,) = [child for thread in family for child in thread.read_text().split()]
        assert is_alive(int(guard)), "and nothing of the one before"
    client.abort(job)
    eventually(lambda: not programs(client.folder), 2)
    assert client.phase(job) == "ABORTED"


def test_a_step_that_another_job_waits_for_survives_the_abort(client: Client) -> None:
    given, sent = numbers(1)
    first = client.begin(numbers=sent, seconds=7)
    ((pid, _),) = eventually(client.begun)
    second = client.begin(numbers=sent, seconds=7)
    time.sleep(3)  # until it waits for the same step
    client.abort(first)
    time.sleep(2)
    assert is_alive(pid), "the other job still wants it"
    third = client.begin(numbers=sent, seconds=7)
    assert [client.result(job) for job in (second, third)] == [sum(given)] * 2
    assert len(client.begun()) == 2, "the step and the sum, each begun once"


def test_two_jobs_that_need_one_step_at_once_run_it_once(client: Client) -> None:
    given, sent = numbers(3)
    jobs = [client.begin(numbers=sent, seconds=1) for _ in range(2)]
    assert [client.result(job) for job in jobs] == [sum(given)] * 2
    assert len(client.done()) == 4


def test_two_workers_share_the_cluster_of_their_machine(
    client: Client, cache: Path, server: OwnServer
) -> None:
    other = server.start_worker()
    given, sent = numbers(3)
    jobs = [client.begin(numbers=f"{sent},{extra}", seconds=0.5) for extra in range(4)]
    for extra, job in enumerate(jobs):
        assert client.result(job) == sum(given) + extra
    assert len(client.done()) == 3 + 4 + 4, "each number once, and each sum"
    assert len(members(cache)["workers"]) == 2
    other.terminate()
    other.wait(20)
    server.workers.remove(other)


def test_a_file_with_one_flipped_byte_is_made_again(client: Client, cache: Path) -> None:
    given, sent = numbers(3)
    client.result(client.begin(numbers=sent))
    client.done()
    for file in cache.glob("results/*/*/sum.txt"):
        if file.read_text() == str(given[0]):
            file.write_text(str(given[0] ^ 1))
    assert client.result(client.begin(numbers=f"{sent},7")) == sum(given) + 7
    assert sorted(client.done()) == sorted(["7", str(given[0]), str(sum(given) + 7)])


def test_everything_ends_with_the_worker(server: OwnServer, client: Client, cache: Path) -> None:
    client.result(client.begin(numbers=numbers(2)[1]))
    parts = [pid for pids in members(cache).values() for pid in pids]
    assert parts
    other = client.begin(numbers=numbers(1)[1], branching=True)
    eventually(lambda: branches(client))
    worker = server.workers[-1]
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    worker.wait(20)
    assert time.monotonic() - began < 6
    eventually(lambda: not any(map(is_alive, parts)), 3)
    left = started_with(f"VO_CACHE_ROOT={cache}")
    assert [pid for pid in left if b"granian" not in _read(pid, "cmdline")] == []
    client.abort(other)
    assert client.phase(other) == "ABORTED"


@pytest.fixture(scope="module")
def full_disk() -> Iterator[Path]:
    """A file system with next to no room."""
    folder = Path(tempfile.mkdtemp())
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("a file system with little room can't be mounted here (not root?)")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


def test_a_full_disk_is_an_error_that_says_so_and_the_next_job_works(
    full_disk: Path, server: OwnServer, client: Client
) -> None:
    for worker in server.workers:
        worker.terminate()
        worker.wait(20)
    cache = full_disk / "cache"
    server.environment["VO_CACHE_ROOT"] = str(cache)
    worker = server.start_worker()
    refused = client.end(client.begin(numbers="1"))
    message = refused.findtext("{*}errorSummary/{*}message") or ""
    assert "must look whether the store is mounted" in message, "nobody said that it is a new one"
    assert str(cache) not in message
    server.manage("cache_verify", "--accept-folder")
    job = client.begin(numbers="1", padding=1_000_000)
    document = client.end(job)
    assert document.findtext("{*}phase") == "ERROR"
    message = document.findtext("{*}errorSummary/{*}message") or ""
    assert "disk is full" in message, message
    assert str(cache) not in message
    assert not list((cache / "temporary").iterdir()), "nothing is left of it"
    assert client.result(client.begin(numbers="1,2")) == 3
    worker.terminate()
    worker.wait(20)


def branches(client: Client) -> set[int]:
    """The programs that the client's steps have started, once all of them are there."""
    found = programs(client.folder)
    return set(found) if "sleep" in found.values() else set()


def parent(pid: int) -> int:
    """The process' parent."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def started_with(variable: str) -> list[int]:
    """The processes that were started with this variable in their environment."""
    mark = f"{variable}\0".encode()
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [pid for pid in pids if pid != os.getpid() and mark in _read(pid, "environ") + b"\0"]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
