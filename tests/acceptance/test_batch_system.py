"""Steps in batch jobs of SLURM, by the configuration of docs/analysis.md, as it stands there.

SLURM is a whole one of this machine alone, on ports and in a folder of its own. Where its programs
or dask-jobqueue aren't installed the test is skipped.
"""

import getpass
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
import yaml
from defusedxml import ElementTree
from graph_jobs import eventually
from own_server import ROOT, OwnServer

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "squeue", "openssl")
#: Debian has the daemons where an ordinary user's PATH doesn't look.
PATH = os.pathsep.join((os.environ["PATH"], "/usr/sbin"))
CONFIGURATION = """
ClusterName=one
SlurmctldHost={host}
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={folder}/munge/socket
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
NodeName={host} CPUs=2 RealMemory=8000
PartitionName=normal Nodes={host} Default=YES State=UP
"""


def _documented(language: str, path: str) -> str:
    """The file that the page shows under that path."""
    page = (ROOT / "docs" / "analysis.md").read_text()
    (text,) = re.findall(rf"```{language}\n(# {re.escape(path)}\n.*?)```", page, re.DOTALL)
    return str(text)


def _free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("", 0))
        return [one.getsockname()[1] for one in sockets]


@contextmanager
def _running(*command: str, **options: object) -> Iterator["subprocess.Popen[str]"]:
    """A program that stays in the foreground, ended with the block."""
    program = subprocess.Popen(command, text=True, **options)  # type: ignore[call-overload]
    with program:
        try:
            yield program
        finally:
            program.terminate()
            program.wait(30)


@pytest.fixture(scope="module")
def slurm() -> Iterator[dict[str, str]]:
    """A SLURM of one node; the environment by which its programs find it."""
    lacking = [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]
    if lacking:
        pytest.skip(f"no programs {', '.join(lacking)} (Debian's slurm-wlm and munge)")
    if importlib.util.find_spec("dask_jobqueue") is None:
        pytest.skip("dask-jobqueue is not installed in this Python environment")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(_folder()))
        munge = folder / "munge"
        munge.mkdir(mode=0o755)
        (munge / "key").write_bytes(os.urandom(1024))
        (munge / "key").chmod(0o600)
        configuration = folder / "slurm.conf"
        host = socket.gethostname()
        configuration.write_text(
            CONFIGURATION.format(
                host=host, user=getpass.getuser(), folder=folder, ports=_free_ports(2)
            )
        )
        environment = {**os.environ, "PATH": PATH, "SLURM_CONF": str(configuration)}
        files = {"socket": "socket", "key-file": "key", "log-file": "log"}
        files |= {"pid-file": "pid", "seed-file": "seed"}
        options = [f"--{name}={munge / file}" for name, file in files.items()]
        for command in (
            ("munged", "--foreground", "--force", *options),
            ("slurmctld", "-D", "-f", str(configuration)),
            ("slurmd", "-D", "-f", str(configuration)),
        ):
            stack.enter_context(_running(*command, env=environment, stderr=subprocess.DEVNULL))
        idle = ["sinfo", "--noheader", "--format=%T"]
        eventually(lambda: _said(environment, *idle) == "idle", 60)
        yield environment


@contextmanager
def _folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="vo-slurm-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield name


def _said(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def site(slurm: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The documented program, with the documented settings but for places, port and memory.

    Its scheduler's address, and the environment of those who use it.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(_folder()))
        text = _documented("yaml", "/srv/dask/dask.yaml").replace("/srv/dask", str(folder))
        settings = yaml.safe_load(text.replace("/srv/vo_server/.venv/bin/python", sys.executable))
        own = settings["jobqueue"]["slurm"]
        paths = os.pathsep.join(filter(None, sys.path))
        own["job-script-prologue"] = [f"export PYTHONPATH={paths} DASK_CONFIG={folder}"]
        own["memory"], own["worker-extra-args"] = "4 GB", ["--resources", "memory=3.5e9"]
        (own["scheduler-options"]["port"],) = _free_ports(1)
        (folder / "dask.yaml").write_text(yaml.safe_dump(settings))
        program = folder / "site_cluster.py"
        program.write_text(_documented("python", "/srv/dask/site_cluster.py"))
        make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
        files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
        subprocess.run(
            [*make.split(), "-subj", "/CN=dask", *files], check=True, capture_output=True
        )
        environment = {**slurm, "DASK_CONFIG": str(folder), "PYTHONPATH": paths}
        cluster = stack.enter_context(
            _running(sys.executable, str(program), "slurm", env=environment, stdout=subprocess.PIPE)
        )
        assert cluster.stdout is not None
        name, _, address = cluster.stdout.readline().strip().partition("=")
        assert (name, address[:6]) == ("VO_DASK_SCHEDULER", "tls://")
        yield address, environment
    eventually(lambda: _said(slurm, "squeue", "--noheader") == "", 60)


def test_an_image_is_made_in_batch_jobs_also_when_one_is_removed_in_the_middle(
    site: tuple[str, dict[str, str]], simulated_archive: Path
) -> None:
    address, environment = site
    variables = {**environment, "VO_DASK_SCHEDULER": address}
    with OwnServer(variables=variables) as server:
        server.manage("ingest", str(simulated_archive), "--verbosity=0")
        server.start_worker()
        server.start_web()
        # not to be taken for the work of a worker that is already there
        (first,) = _jobs(environment)
        form = {"src_name": "Crab", "max_pointings": "2", "E1_keV": "20", "E2_keV": "40"}
        answer = requests.post(
            f"{server.url}/uws/isgri_image", data={**form, "PHASE": "RUN"}, timeout=30
        )
        job = answer.url
        eventually(lambda: " main done" in requests.get(job, timeout=30).text)
        subprocess.run(["scancel", first], env=environment, check=True)

        def phase() -> str:
            return requests.get(f"{job}/phase", timeout=30).text

        eventually(lambda: phase() in ("COMPLETED", "ERROR"), 120)
        document = ElementTree.fromstring(requests.get(job, timeout=30).content)
        message = document.findtext("{*}errorSummary/{*}message")
        assert phase() == "COMPLETED", message
        log = requests.get(f"{job}/results/log", timeout=30).text
        assert "preview of 2 Science Windows main done" in log
        assert first not in _jobs(environment), "another batch job has taken its place"


def _jobs(environment: dict[str, str]) -> list[str]:
    """The batch jobs that run, by their numbers."""
    command = ["squeue", "--noheader", "--format=%i", "--states=RUNNING"]
    return list(eventually(lambda: _said(environment, *command).split(), 60))
