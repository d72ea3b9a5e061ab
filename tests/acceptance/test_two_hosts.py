"""Two hosts share graphs: each with a network, a file tree and a name of its own.

They reach the database by TCP with a password, the site's Dask scheduler by TCP with certificates,
and no file but those of the declared store (cache, jobs, archive).
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from graph_jobs import Client, eventually, is_alive
from own_server import DATABASE, ROOT, OwnServer

#: Each run has names and addresses of its own: one that was killed leaves its own behind.
RUN = os.getpid()
NETWORK = f"10.213.{RUN % 250}"
HERE = f"{NETWORK}.1"
HOSTS = {"vohost1": f"{NETWORK}.2", "vohost2": f"{NETWORK}.3"}
NAMESPACES = {host: f"{host}-{RUN}" for host in HOSTS}
PASSWORD = "open sesame"
BRIDGE = f"vo{RUN}bridge"
#: What `ip` says to whom it is forbidden.
FORBIDDEN = ("Operation not permitted", "Permission denied", "Operation not supported")
DASK = str(Path(sys.executable).with_name("dask"))
#: Hides all files of this machine's /tmp but the store, and names the host.
ENTER = """
set -e
hostname "$1"; shift
mkdir -p /mnt
mount --make-rprivate /
mount --bind "$1" /mnt
mount -t tmpfs tmpfs /tmp
mkdir -p "$1"
mount --move /mnt "$1"; shift
exec "$@"
"""


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _far_end(host: str) -> str:
    """The host's own end of its cable."""
    return f"far-{host}"


def _host_names(pid: int) -> Path | None:
    """The namespace in which the process' host has its name."""
    try:
        return Path(f"/proc/{pid}/ns/uts").readlink()
    except OSError:  # it has ended meanwhile
        return None


@pytest.fixture(scope="module")
def network() -> Iterator[None]:
    """Two network namespaces joined by a bridge; without the right to make them: skipped."""
    if shutil.which("ip") is None or shutil.which("unshare") is None:
        pytest.skip("no programs ip and unshare (iproute2, util-linux)")
    with ExitStack() as undo:
        try:
            _run("ip", "link", "add", BRIDGE, "type", "bridge")
            undo.callback(_run, "ip", "link", "del", BRIDGE)
            _run("ip", "address", "add", f"{HERE}/24", "dev", BRIDGE)
            _run("ip", "link", "set", BRIDGE, "up")
            for number, (host, address) in enumerate(HOSTS.items()):
                near, far, name = f"vo{RUN}near{number}", _far_end(host), NAMESPACES[host]
                _run("ip", "netns", "add", name)
                undo.callback(_run, "ip", "netns", "del", name)
                _run("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
                # connections of a host that died keep its namespace for minutes
                undo.callback(_run, "ip", "link", "del", near)
                _run("ip", "link", "set", near, "master", BRIDGE, "up")
                _run("ip", "-n", name, "address", "add", f"{address}/24", "dev", far)
                _run("ip", "-n", name, "link", "set", far, "up")
                _run("ip", "-n", name, "link", "set", "lo", "up")
        except subprocess.CalledProcessError as refused:
            words = refused.stderr.decode().strip()
            if not any(forbidden in words for forbidden in FORBIDDEN):
                raise
            pytest.skip(f"namespaces aren't permitted here: {words}")
        yield
    left = subprocess.run(["ip", "link"], check=True, capture_output=True, text=True).stdout
    assert f"vo{RUN}" not in left


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Dask's settings for who may talk to the scheduler, and how long silence may last."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))  # /tmp is hidden from the hosts
    key, made = folder / "key.pem", folder / "certificate.pem"
    _run(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-days", "1", "-subj", "/CN=vo", "-keyout", str(key), "-out", str(made)),
    )
    settings = {"REQUIRE_ENCRYPTION": "True", "TLS__CA_FILE": str(made)}
    # after which silence a host is taken for lost: 30 s are long to watch, Dask takes 11 at least
    settings["TIMEOUTS__TCP"] = "12s"
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        settings[f"TLS__{role}__CERT"] = str(made)
        settings[f"TLS__{role}__KEY"] = str(key)
    return {f"DASK_DISTRIBUTED__COMM__{name}": value for name, value in settings.items()}


class TwoHosts:
    """A server whose jobs run on two other hosts. store: the one folder that all reach."""

    def __init__(self, server: OwnServer, variables: dict[str, str]) -> None:
        self.server = server
        self.store = server.folder / "store"
        self.store.mkdir(mode=0o755)
        self._programs: list[subprocess.Popen[bytes]] = []
        self._of: dict[str, list[subprocess.Popen[bytes]]] = {}
        self._site = ""
        self._variables = variables

    def listen(self) -> None:
        """Let PostgreSQL take connections by TCP, from who knows the password."""
        data = self.server.cluster.place.data
        with (data / "postgresql.conf").open("a") as configuration:
            configuration.write(f"listen_addresses = '{HERE}'\nport = 5432\n")
        with (data / "pg_hba.conf").open("a") as access:
            access.write(f"host all all {NETWORK}.0/24 scram-sha-256\n")
        self.server.restart_database()
        for role in ("vo_owner", "vo_reader"):
            self.server.cluster.query(f"ALTER ROLE {role} PASSWORD '{PASSWORD}'")

    def start(self) -> None:
        """The scheduler here, a Dask worker and a worker of jobs on each host."""
        with socket.socket() as free:
            free.bind((HERE, 0))
            port = free.getsockname()[1]
        self._site = f"tls://{HERE}:{port}"
        options = [f"--host={HERE}", f"--port={port}", "--no-dashboard", "--protocol=tls"]
        self._start([DASK, "scheduler", *options], {})
        for host in HOSTS:
            self._start_host(host)

    def _start_host(self, host: str) -> None:
        password = PASSWORD.replace(" ", "%20")
        enter = ["ip", "netns", "exec", NAMESPACES[host], "unshare", "--mount", "--uts"]
        enter += ["sh", "-c", ENTER, "enter", host, str(self.store)]
        options = [f"--host={HOSTS[host]}", "--nthreads=1", "--no-nanny", "--no-dashboard"]
        worker = [sys.executable, str(ROOT / "manage.py"), "uws_worker", "--jobs=1"]
        settings = {
            "DATABASE_URL": f"postgresql://vo_owner:{password}@{HERE}/{DATABASE}",
            "VO_READER_DATABASE_URL": f"postgresql://vo_reader:{password}@{HERE}/{DATABASE}",
            "VO_DASK_SCHEDULER": self._site,
        }
        self._of[host] = [
            self._start([*enter, DASK, "worker", self._site, *options], {}),
            self._start([*enter, *worker], settings),
        ]

    def _start(self, command: list[str], variables: dict[str, str]) -> "subprocess.Popen[bytes]":
        environment = {**self.server.environment, **self._variables, **variables}
        with self.server.log.open("ab") as log:
            program = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._programs.append(program)
        return program

    def runs_on(self, pid: int, host: str) -> bool:
        """Whether that process runs on the host."""
        dask_worker, _ = self._of[host]
        return is_alive(pid) and _host_names(pid) == _host_names(dask_worker.pid)

    def lose_power(self, host: str) -> None:
        """The host is gone at once, and its connections end nowhere."""
        _run("ip", "-n", NAMESPACES[host], "link", "set", _far_end(host), "down")
        for program in self._of[host]:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()

    def come_back(self, host: str) -> None:
        """The host is started again."""
        _run("ip", "-n", NAMESPACES[host], "link", "set", _far_end(host), "up")
        self._start_host(host)

    def stop(self) -> None:
        """End all that was started; Dask's programs don't always end when they are asked to."""
        for program in reversed(self._programs):
            program.terminate()
        for program in reversed(self._programs):
            try:
                program.wait(3)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait(10)


@pytest.fixture(scope="module")
def hosts(network: None, certificate: dict[str, str]) -> Iterator[TwoHosts]:
    """A server with a database of its own, and the two hosts."""
    with OwnServer(variables={"VO_UWS_JOB_MODULES": "tiny_jobs"}) as server:
        hosts = TwoHosts(server, certificate)
        for name in ("VO_CACHE_ROOT", "VO_JOB_ROOT", "VO_ARCHIVE_ROOT", "VO_PRODUCT_ROOT"):
            server.environment[name] = str(hosts.store / name.lower())
        server.start_web()
        hosts.listen()
        try:
            hosts.start()
            yield hosts
        finally:
            hosts.stop()
            shutil.rmtree(
                Path(certificate["DASK_DISTRIBUTED__COMM__TLS__CA_FILE"]).parent,
                ignore_errors=True,
            )


def test_two_hosts_share_one_graph_and_make_each_step_once(hosts: TwoHosts) -> None:
    folder = hosts.store / "tiny"
    folder.mkdir()
    client = Client(hosts.server.url, folder)

    def workers() -> set[str]:
        found = hosts.server.cluster.query("SELECT host FROM uws_worker", DATABASE)
        return set(found.split())

    assert eventually(lambda: workers() == set(HOSTS)), "both hosts reach the database"
    numbers = "1,2,3,4,5,6"
    jobs = [client.begin(numbers=f"{numbers},{extra}", seconds=0.7) for extra in (10, 20)]
    assert [client.result(job) for job in jobs] == [31, 41]
    assert sorted(client.done(), key=int) == ["1", "2", "3", "4", "5", "6", "10", "20", "31", "41"]
    ran_on = hosts.server.cluster.query(
        "SELECT DISTINCT host FROM provenance_activity,"
        " substring(coalesce(private_comment, comment) FROM 'vohost[12]') AS host"
        " WHERE host IS NOT NULL",
        DATABASE,
    )
    assert set(ran_on.split()) == set(HOSTS), "steps of the graph ran on both"


def test_a_host_that_dies_in_the_midst_of_a_step_delays_only(hosts: TwoHosts) -> None:
    folder = hosts.store / "tiny2"
    folder.mkdir()
    client = Client(hosts.server.url, folder)
    numbers = range(101, 109)
    job = client.begin(numbers=",".join(map(str, numbers)), seconds=1.0)
    seen: set[tuple[int, int]] = set()

    def done() -> set[int]:
        log = folder / "runs.log"
        return set(map(int, log.read_text().split())) if log.exists() else set()

    def just_begun() -> set[int]:
        """On the first host, while others are finished already."""
        new = set(client.begun()) - seen
        seen.update(new)
        found = {total for pid, total in new if hosts.runs_on(pid, "vohost1")}
        return found if len(done()) >= 2 else set()

    struck = eventually(just_begun)
    cache = Path(hosts.server.environment["VO_CACHE_ROOT"])
    finished = {int(path.read_text()) for path in cache.glob("results/*/*/sum.txt")}
    before = hosts.server.cluster.query("SELECT now()", DATABASE).strip()
    hosts.lose_power("vohost1")
    try:
        assert not struck & done(), "it did not come to their ends"
        assert client.result(job) == sum(numbers)
    finally:
        hosts.come_back("vohost1")
    begun = Counter(total for _, total in client.begun())
    assert begun.keys() == {*numbers, sum(numbers)}
    assert {total for total in struck if begun[total] == 2} == struck, "begun again elsewhere"
    assert finished & begun.keys()
    assert {total: begun[total] for total in finished & begun.keys() if begun[total] > 1} == {}
    assert begun.total() <= len(begun) + 2, "the one that ran, and one between work and storing"
    back = f"SELECT host FROM uws_worker WHERE started > '{before}' AND host = 'vohost1'"
    eventually(lambda: hosts.server.cluster.query(back, DATABASE).split())
