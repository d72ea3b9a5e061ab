"""A client that runs jobs of `tiny_jobs`, and looks at the processes that run their steps."""

import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import requests
from defusedxml import ElementTree

from analysis import embedded_cluster

LIMIT_S = 90.0


def eventually(condition: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
    """What the condition gives once it is true."""
    until = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)
    return found


class Client:
    """Of one server. folder: of raw files and logs, where the steps can write."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder

    def begin(self, **form: object) -> str:
        """A job that runs; its address."""
        answer = requests.post(
            f"{self.url}/uws/tiny",
            data={"folder": str(self.folder), "PHASE": "RUN", **form},  # type: ignore[dict-item]
            timeout=30,
            allow_redirects=False,
        )
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def document(self, job: str, wait_s: int = 0) -> Element:
        """The job as UWS tells of it."""
        return ElementTree.fromstring(requests.get(f"{job}?WAIT={wait_s}", timeout=90).content)

    def phase(self, job: str) -> str:
        """Of the job."""
        return requests.get(f"{job}/phase", timeout=30).text

    def abort(self, job: str) -> None:
        """End the job."""
        requests.post(f"{job}/phase", data={"PHASE": "ABORT"}, timeout=30, allow_redirects=False)

    def end(self, job: str) -> Element:
        """The job once it has ended."""
        until = time.monotonic() + LIMIT_S
        while (document := self.document(job, 10)).findtext("{*}phase") in ("QUEUED", "EXECUTING"):
            assert time.monotonic() < until, "the job did not end in time"
        return document

    def result(self, job: str) -> int:
        """The sum, of a job that must complete."""
        document = self.end(job)
        message = document.findtext("{*}errorSummary/{*}message")
        assert document.findtext("{*}phase") == "COMPLETED", message
        return int(requests.get(f"{job}/results/sum", timeout=30).text)

    def log(self, job: str) -> list[str]:
        """Its lines."""
        return requests.get(f"{job}/results/log", timeout=30).text.splitlines()

    def messages(self, job: str) -> list[str]:
        """What the job told its owner, in its jobInfo."""
        return [line.text or "" for line in self.document(job).iterfind("{*}jobInfo/{*}message")]

    def done(self) -> list[str]:
        """The sums that steps have made, in order, since it was asked last."""
        path = self.folder / "runs.log"
        lines = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def begun(self) -> list[tuple[int, int]]:
        """Process and sum of the inputs of each step that has begun."""
        path = self.folder / "runs.begun"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(int(pid), int(total)) for pid, total in map(str.split, lines)]


def is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def members(cache_root: Path) -> Mapping[str, list[int]]:
    """Pids of the embedded cluster."""
    return embedded_cluster.members(cache_root)


def kill(pid: int) -> None:
    """As the kernel does when memory is short."""
    os.kill(pid, signal.SIGKILL)


def described(cache_root: Path) -> dict[str, Any]:
    """What the cluster says of itself."""
    (path,) = (cache_root / "clusters").glob("*/address.json")
    return dict(json.loads(path.read_text()))
