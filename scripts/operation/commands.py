"""The commands of the Makefile."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bootstrap import database, debian, environment, place
from bootstrap.clone import Clone
from bootstrap.cluster import Cluster
from bootstrap.console import SetupError, say, stage
from operation import checks, port, server
from operation.preparation import manage, prepared
from operation.supervisor import Stopped

READY_WITHIN_S = 120.0
CACHES = (".mypy_cache", ".pytest_cache", ".ruff_cache", ".import_linter_cache", ".hypothesis")


def serve(clone: Clone) -> int:
    """The server and its worker on the existing database and archive, until INT or TERM."""
    number = port.chosen()
    port.require_free(number)
    with prepared(clone, development=False):
        server.update(clone, number)
        with server.supervisor(clone, number) as supervisor:
            say(f"Serving at {server.site_url(number)} - Ctrl-C stops it")
            try:
                supervisor.serve()
            except Stopped:
                say("Stopping")
    say("Stopped")
    return 0


def demo(clone: Clone) -> int:
    """Everything from a bare machine to the running demonstration, and the tour through it."""
    number = port.chosen()
    port.require_free(number)
    tour_only = os.environ.get("TOUR") == "only"
    with prepared(clone, development=False):
        server.update(clone, number)
        with stage("Demonstration archive (simulated)"):
            manage(clone, "prepare_demonstration")
        # The tour is to be read without the server's own lines in between.
        log = clone.var / "server.log"
        log.unlink(missing_ok=True)
        with server.supervisor(clone, number, log) as supervisor:
            try:
                with stage(f"Web server and worker: started (their log: {log})"):
                    ready = supervisor.wait_until(
                        lambda: not server.readiness(number), READY_WITHIN_S
                    )
                if not ready:
                    raise SetupError(
                        f"The server is not ready: {server.readiness(number)}\n\n"
                        f"Its log ends:\n{log.read_text(errors='replace')[-3000:]}"
                    )
                say("The tour, run by a client of the server")
                status = supervisor.client(_tour(clone, number))
                say("The tour is complete" if status == 0 else "The tour FAILED")
                if not tour_only:
                    say(f"Serving at {server.site_url(number)} - Ctrl-C stops it")
                    supervisor.serve()
            except Stopped:
                say("Stopping")
                status = 130 if tour_only else 0
    say("Stopped")
    return status


def _tour(clone: Clone, number: int) -> tuple[str, ...]:
    manage_py = str(clone.root / "manage.py")
    url = f"http://{port.HOST}:{number}"
    # Clients of this machine's own server go to it directly, whatever proxy is set.
    direct = ("env", f"NO_PROXY={port.HOST},localhost", f"no_proxy={port.HOST},localhost")
    return (*direct, str(clone.python), manage_py, "tour", "--url", url)


def test(clone: Clone) -> int:
    """Format, lint, types, floors and the whole test suite; non-zero on any failure."""
    with prepared(clone, development=True):
        return checks.run(clone, checks.LINT + checks.TESTS)


def lint(clone: Clone) -> int:
    """Format, lint, types and floors alone."""
    debian.require(debian.PYTHON_PACKAGES)
    environment.require(clone, development=True)
    return checks.run(clone, checks.LINT)


def bench(clone: Clone) -> int:
    """Every measurement of ``bench/``, each on a server of its own."""
    return _on_servers_of_their_own(clone, sorted((clone.root / "bench").glob("*.py")))


def soak(clone: Clone) -> int:
    """Jobs under faults, on a server of their own; the engine on random fields, at length."""
    support = clone.root / "tests" / "support"
    scripts = ("storm.py", "engine_suite.py", "reuse_of_fifty.py", "picture_of_fifty.py")
    return _on_servers_of_their_own(clone, [support / name for name in scripts])


def _on_servers_of_their_own(clone: Clone, scripts: Sequence[Path]) -> int:
    """Run these scripts one after the other; non-zero where any fails."""
    debian.require((*debian.PYTHON_PACKAGES, *database.packages()))
    environment.require(clone, development=True)
    statuses = []
    for script in scripts:
        say(str(script.relative_to(clone.root)))
        ran = subprocess.run([clone.python, script], cwd=clone.root, check=False)
        statuses.append(ran.returncode)
    return int(any(statuses))


def start_database(clone: Clone) -> int:
    """Start the private database and leave it running, for manage.py beside no server."""
    with prepared(clone, development=False):
        database.keep(clone)
    say("The database runs until 'make database-stop'")
    return 0


def stop_database(clone: Clone) -> int:
    """Stop the private database that 'make database' left running."""
    database.release(clone)
    with database.running(clone):
        pass
    return 0


def docs(clone: Clone) -> int:
    """Write the generated pages of docs/ anew."""
    with prepared(clone, development=False):
        manage(clone, "document_settings")
    return 0


def lock(clone: Clone) -> int:
    """Make the lock files anew with the newest versions that pyproject.toml allows."""
    scratch = clone.var / "lock"
    debian.require(debian.PYTHON_PACKAGES)
    with stage("uv, in an environment of its own"):
        subprocess.run(["python3", "-m", "venv", str(scratch)], check=True)
        subprocess.run([scratch / "bin" / "pip", "install", "--quiet", "uv"], check=True)
    compiling = [
        str(scratch / "bin" / "uv"),
        "pip",
        "compile",
        "pyproject.toml",
        "--quiet",
        "--upgrade",
        "--generate-hashes",
        "--python-version=3.11",
        "--no-header",
        "--no-emit-index-url",
    ]
    for arguments in (
        [f"--output-file={clone.lock.name}"],
        ["--group=dev", f"-c={clone.lock.name}", f"--output-file={clone.development_lock.name}"],
    ):
        with stage(arguments[-1].partition("=")[2]):
            subprocess.run([*compiling, *arguments], cwd=clone.root, check=True)
    shutil.rmtree(scratch)
    return 0


def clean(clone: Clone) -> int:
    """Stop the private database and remove everything that was made."""
    for cluster in _clusters_made(clone):
        with stage(f"Private database in {cluster.place.data.parent}: removed"):
            cluster.stop()
            shutil.rmtree(cluster.place.data.parent)
            if cluster.place.outside is not None:
                shutil.rmtree(cluster.place.outside, ignore_errors=True)
    for folder in (clone.var, clone.environment_folder, *(clone.root / name for name in CACHES)):
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder)
    for folder in clone.root.rglob("__pycache__"):
        shutil.rmtree(folder)
    say("Everything that was made is removed; Debian packages stay")
    return 0


def _clusters_made(clone: Clone) -> list[Cluster]:
    """The clone's cluster, where it was made."""
    try:
        where = place.choose(clone, place.database_account())
    except SetupError:
        return []  # without an account for it there never was a cluster
    version = where.data / "PG_VERSION"
    if not version.exists():
        return []
    return [Cluster(where, version.read_text(encoding="ascii").strip())]


COMMANDS: Mapping[str, Callable[[Clone], int]] = {
    "demo": demo,
    "serve": serve,
    "test": test,
    "lint": lint,
    "bench": bench,
    "soak": soak,
    "database": start_database,
    "database-stop": stop_database,
    "docs": docs,
    "lock": lock,
    "clean": clean,
}
