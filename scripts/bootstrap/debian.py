"""Debian packages: found, and installed where they are missing.

As root, or through sudo; otherwise the exact command is printed and set-up stops.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bootstrap.console import SetupError, stage

PYTHON_PACKAGES = ("python3-venv",)
# Graphviz lays out the pictures of step graphs and of provenance.
DRAWING_PACKAGES = ("graphviz",)
TEST_PACKAGES = ("stilts", "default-jre-headless")

# The release's own PostgreSQL, for when apt has no package lists to ask yet.
POSTGRESQL_OF_RELEASE = {"12": "15", "13": "17"}

_CREATECLUSTER = Path("/etc/postgresql-common/createcluster.d/vo_server.conf")


def release() -> str:
    """The number of the Debian release, such as ``12``; raises SetupError on another system."""
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    values = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, flags=re.MULTILINE))
    if values.get("ID") != "debian" or shutil.which("dpkg-query") is None:
        raise SetupError(
            "This set-up knows Debian only. Elsewhere, install PostgreSQL with pgSphere and the "
            "packages of requirements.lock yourself and set DATABASE_URL (docs/operations.md)."
        )
    return str(values.get("VERSION_ID", ""))


def is_installed(package: str) -> bool:
    """Whether dpkg has the package, configured."""
    answer = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.returncode == 0 and answer.stdout.strip() == "installed"


def postgresql_version() -> str:
    """Major version of the PostgreSQL to use.

    The newest that is installed together with pgSphere, else the release's own.
    """
    complete = [
        int(folder.name)
        for folder in Path("/usr/lib/postgresql").glob("*")
        if folder.name.isdigit()
        and (folder / "bin" / "initdb").exists()
        and (folder / "lib" / "pg_sphere.so").exists()
    ]
    if complete:
        return str(max(complete))
    shown = subprocess.run(
        ["apt-cache", "show", "--no-all-versions", "postgresql"],
        capture_output=True,
        text=True,
        check=False,
    )
    if found := re.search(r"^Depends:.*?\bpostgresql-(\d+)", shown.stdout, flags=re.MULTILINE):
        return found.group(1)
    number = release()
    if number not in POSTGRESQL_OF_RELEASE:
        raise SetupError(
            f"Which PostgreSQL belongs to Debian {number}? Run 'apt-get update' and try again."
        )
    return POSTGRESQL_OF_RELEASE[number]


def postgresql_packages(version: str) -> tuple[str, ...]:
    """The packages of the private cluster."""
    return (f"postgresql-{version}", f"postgresql-{version}-pgsphere")


def require(packages: tuple[str, ...]) -> None:
    """Install those of ``packages`` that are missing.

    Raises SetupError with the exact command where nobody here may install packages.
    """
    missing = [package for package in packages if not is_installed(package)]
    if not missing:
        return
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    prefix = _as_root(install)
    with stage(f"Debian packages: {' '.join(missing)}"), _no_main_cluster(prefix):
        _run([*prefix, "apt-get", "update", "--quiet"])
        _run([*prefix, *install])


def _as_root(install: list[str]) -> list[str]:
    """The words to put before a command to run it as root."""
    if os.geteuid() == 0:
        return ["env", "DEBIAN_FRONTEND=noninteractive"]
    sudo = shutil.which("sudo")
    if sudo is not None:
        # Without a terminal nobody can type a password.
        words = [sudo] if sys.stdin.isatty() else [sudo, "--non-interactive"]
        if subprocess.run([*words, "--validate"], check=False).returncode == 0:
            return [*words, "env", "DEBIAN_FRONTEND=noninteractive"]
    raise SetupError(
        "Only root can install these packages. Please run, and then start again:\n\n"
        f"    apt-get update && {' '.join(install)}\n"
    )


@contextmanager
def _no_main_cluster(prefix: list[str]) -> Iterator[None]:
    """Keep Debian from starting a cluster of its own while its PostgreSQL is being installed.

    The drop-in file goes again afterwards: the next administrator finds Debian's own ways.
    """
    script = f"mkdir -p {_CREATECLUSTER.parent} && echo 'create_main_cluster = false' >"
    _run([*prefix, "sh", "-c", f"{script} {_CREATECLUSTER}"])
    try:
        yield
    finally:
        _run([*prefix, "rm", "-f", str(_CREATECLUSTER)])
        folder = str(_CREATECLUSTER.parent)
        _run([*prefix, "rmdir", "--ignore-fail-on-non-empty", folder])


def _run(command: list[str]) -> None:
    """Run quietly; on failure show what the command said."""
    ran = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if ran.returncode:
        raise SetupError(f"{' '.join(command)} failed:\n\n{ran.stdout[-4000:]}")
