"""The cluster that runs steps where a site has none of its own: a scheduler and workers of Dask.

``manage.py analysis_cluster`` runs it, started by a worker of jobs as soon as a step must run, and
ended with it. One process prepares everything (Dask, the engines) and stays single-threaded; the
scheduler, the Dask workers and the nurseries of steps (`analysis.step_processes`) are forked from
it, so that they share most of their memory and one that dies is there again within milliseconds.

Of several such commands on one machine and one cache, one serves and the others wait for its end.
Its address lies in a file beside the cache, for its own user alone, as do the certificate and the
key without which nobody is let in.
"""

import asyncio
import fcntl
import gc
import hashlib
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from analysis.dask_executor import MEMORY, Address, security
from analysis.step_processes import ONE_THREAD, StepProcesses, nurse, prepare
from uws import processes
from uws.processes import Process

logger = logging.getLogger(__name__)

#: A part that dies sooner than this after its start is started again after a pause.
_STEADY_S = 5.0
#: Share of the machine's memory that steps may use.
_MEMORY_SHARE = 0.8


def folder(cache_root: Path) -> Path:
    """Where the cluster of this machine and user leaves its address."""
    place = f"{processes.place()} {socket.gethostname()} {os.getuid()}"
    return cache_root / "clusters" / hashlib.sha256(place.encode()).hexdigest()[:16]


def address(cache_root: Path) -> Address | None:
    """Where the scheduler of the cluster that runs now listens."""
    try:
        found = json.loads((folder(cache_root) / "address.json").read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None
    if not processes.is_running(Process(found["pid"], found["started"])):
        return None
    return _address(cache_root, found["url"])


def members(cache_root: Path) -> dict[str, list[int]]:
    """Pids of the running cluster's ``scheduler`` and ``workers``; empty for none."""
    if address(cache_root) is None:
        return {}
    found = json.loads((folder(cache_root) / "address.json").read_text(encoding="ascii"))
    return dict(found["members"])


def words(cache_root: Path, site: str) -> str:
    """How the cluster that runs steps is, for operators. site: address of the site's own."""
    if site:
        return f"steps run on the site's cluster at {site}"
    found = members(cache_root)
    if not found:
        return "the embedded cluster is not running; it is started when a step must run"
    return (
        f"the embedded cluster runs: scheduler {found['scheduler'][0]},"
        f" workers {', '.join(map(str, found['workers']))}"
    )


def machine_memory(groups: Path = Path("/proc/self/cgroup")) -> int:
    """Bytes of memory that this machine, or the group of processes it runs in, has.

    groups: the kernel's list of the groups; where it can't be read, the machine's memory counts.
    """
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        lines = os.fsdecode(groups.read_bytes()).splitlines()
    except OSError:  # a kernel without them, or a /proc that hides them
        return total
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":  # of control groups, version 2
            root, name = Path("/sys/fs/cgroup"), "memory.max"
        elif "memory" in controllers.split(","):
            root, name = Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"
        else:
            continue
        group = root / path.lstrip("/")
        for place in (group, *group.parents):
            with suppress(OSError, ValueError):  # no such file, or no limit
                total = min(total, int((place / name).read_text(encoding="ascii")))
    return total


def memory_for_steps() -> int:
    """Bytes that steps on this machine may need all together."""
    return int(machine_memory() * _MEMORY_SHARE)


def _address(cache_root: Path, url: str) -> Address:
    where = folder(cache_root)
    if not url.startswith("tls:"):
        return Address(url)
    return Address(url, where / "certificate.pem", where / "key.pem", where / "certificate.pem")


@dataclass(slots=True)
class _Part:
    """A forked process of the cluster. pid: 0 while it doesn't run."""

    name: str
    be: Callable[[], None]
    pid: int = 0
    began: float = 0.0


class Cluster:
    """The process from which the parts of a cluster are forked."""

    def __init__(self, cache_root: Path, slots: int, preload: Sequence[str]) -> None:
        """slots: how many steps run at once. preload: modules that steps need."""
        self._cache_root = cache_root
        self._folder = folder(cache_root)
        self._slots = slots
        self._preload = tuple(preload)
        self._url = ""

    def serve(self) -> NoReturn:
        """Until SIGTERM or SIGINT; waits for another of this machine and cache to end first."""
        os.environ.update(ONE_THREAD)
        processes.adopt_orphans()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (self._folder / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "error")
        for module in ("distributed", "analysis.cluster_tasks"):
            import_module(module)
        # nobody looks at pages of the parts, which any user of this machine could reach, nor at
        # what threads of a worker were doing every ten milliseconds
        import_module("dask").config.set(
            {
                "distributed.scheduler.http.routes": [],
                "distributed.worker.http.routes": [],
                "distributed.worker.profile.enabled": False,
            }
        )
        for module in self._preload:
            prepare(module)
        for left in self._folder.glob("tmp*"):
            shutil.rmtree(left, ignore_errors=True)
        is_secret = self._make_certificate()
        gc.freeze()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(0))
        try:
            while True:
                self._run("tls" if is_secret else "tcp")
        finally:
            lock.close()

    def _run(self, protocol: str) -> None:
        """One life of a scheduler, with its workers."""
        hear, tell = os.pipe()
        scheduler = _Part("scheduler", lambda: self._schedule(protocol, tell))
        # two of them, so that the work goes on when one dies
        shares = [self._slots - self._slots // 2, self._slots // 2]
        workers = [
            _Part("worker", lambda slots=slots: self._work(slots))  # type: ignore[misc]
            for slots in shares
            if slots
        ]
        parts = [scheduler, *workers]
        try:
            _begin(scheduler)
            os.close(tell)
            with os.fdopen(hear) as pipe:
                self._url = pipe.readline().strip()
            if not self._url:
                raise ChildProcessError("the scheduler did not start")
            for part in workers:
                _begin(part)
            self._tell(parts)
            while True:
                pid, status = os.wait()
                for part in parts:
                    if part.pid == pid:
                        part.pid = 0
                        logger.warning("the cluster's %s ended (%s)", part.name, status)
                        # its nursery, with all that runs there, before others run that anew
                        processes.kill_children([part.pid for part in parts])
                        if time.monotonic() - part.began < _STEADY_S:
                            time.sleep(1.0)
                        if part is scheduler:
                            return
                        _begin(part)
                        self._tell(parts)
        finally:
            (self._folder / "address.json").unlink(missing_ok=True)
            processes.kill_children()

    def _tell(self, parts: Sequence[_Part]) -> None:
        """Write where the scheduler listens, whole or not at all."""
        own = processes.process(os.getpid())
        found = {
            "url": self._url,
            "pid": own.pid,
            "started": own.started,
            "members": {
                "scheduler": [part.pid for part in parts if part.name == "scheduler"],
                "workers": [part.pid for part in parts if part.name == "worker"],
            },
        }
        with tempfile.NamedTemporaryFile("w", dir=self._folder, delete=False) as file:
            json.dump(found, file)
        Path(file.name).rename(self._folder / "address.json")

    def _make_certificate(self) -> bool:
        """A certificate and key for this life of the cluster; whether they could be made."""
        openssl = shutil.which("openssl")
        if openssl is None:
            logger.warning(
                "no openssl: any user of this machine can have the cluster run programs; install it"
            )
            return False
        command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt"]
        command += ["ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650", "-subj", "/CN=vo"]
        command += ["-keyout", str(self._folder / "key.pem")]
        command += ["-out", str(self._folder / "certificate.pem")]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own words
        (self._folder / "key.pem").chmod(0o600)
        return True

    def _schedule(self, protocol: str, tell: int) -> None:
        from distributed import Scheduler

        async def serve() -> None:
            async with Scheduler(
                protocol=protocol,
                host="127.0.0.1",
                port=0,
                dashboard=False,
                dashboard_address="127.0.0.1:0",
                security=security(_address(self._cache_root, f"{protocol}://")),
            ) as scheduler:
                os.write(tell, f"{scheduler.address}\n".encode())
                os.close(tell)
                await scheduler.finished()

        asyncio.run(serve())

    def _work(self, slots: int) -> None:
        near, far = socket.socketpair()
        nursery = os.fork()
        if nursery == 0:
            near.close()  # so that it hears when the worker is gone, and can end what it runs
            nurse(Connection(far.detach()))
            os._exit(0)
        far.close()
        from distributed import Worker

        from analysis import cluster_tasks

        cluster_tasks.use(StepProcesses(Connection(near.detach()), nursery))
        where = tempfile.mkdtemp(dir=self._folder)
        memory = memory_for_steps() * slots / self._slots

        async def serve() -> None:
            async with Worker(
                self._url,
                nthreads=slots,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                memory_limit=0,
                resources={MEMORY: memory},
                local_directory=where,
                security=security(_address(self._cache_root, self._url)),
                death_timeout=10,
            ) as it:
                await it.finished()

        try:
            asyncio.run(serve())
        finally:
            shutil.rmtree(where, ignore_errors=True)


def _begin(part: _Part) -> None:
    """Fork the part. Only the one thread that there is forks."""
    part.began = time.monotonic()
    maker = os.getpid()
    part.pid = os.fork()
    if part.pid:
        return
    status = 1
    try:
        processes.die_with_parent(maker)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        part.be()
        status = 0
    except Exception:
        logger.exception("the cluster's %s failed", part.name)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
