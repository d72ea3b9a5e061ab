"""The virtual environment: made from a lock file, only when the lock file has changed."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from bootstrap.clone import Clone
from bootstrap.console import Progress, SetupError, stage

SUPPORTED = ((3, 11), (3, 12))
_STAMP = "installed.json"
# What pip says of each package, be it found on an index, in a folder or installed already.
_ONE_PACKAGE = re.compile(
    r"(?:Collecting |Requirement already satisfied: |Processing (?:\S*/)?)"
    r"([A-Za-z0-9_.]+(?:-[a-z]+)*)"
)


def require(clone: Clone, *, development: bool) -> None:
    """Bring ``.venv`` to the exact versions of the lock file, with what tests need on demand.

    The development lock holds everything of the other one; an environment made for tests serves
    for the demonstration too. A changed lock makes the environment anew, so that nothing that is
    no longer listed stays behind.
    """
    base, full = _digest(clone.lock), _digest(clone.development_lock)
    installed = _installed(clone)
    if clone.python.exists() and installed.get("base") == base:
        if installed.get("full") == full or not development:
            return
    else:
        with stage("Virtual environment: made anew"):
            _create(clone)
    lock = clone.development_lock if development else clone.lock
    with stage(f"Python packages of {lock.name}"):
        _install(clone, lock)
    stamp = {"base": base, "full": full if development else ""}
    _stamp(clone).write_text(json.dumps(stamp), encoding="utf-8")


def _create(clone: Clone) -> None:
    if sys.version_info[:2] not in SUPPORTED:
        wanted = " or ".join(f"{major}.{minor}" for major, minor in SUPPORTED)
        raise SetupError(
            f"This is Python {sys.version.split()[0]}; the project needs {wanted}. "
            "Name one with PYTHON=, such as: make demo PYTHON=python3.12"
        )
    if clone.environment_folder.is_symlink():
        raise SetupError(
            f"{clone.environment_folder} is a link to an environment with other packages than the "
            "lock file's. Remove the link, or bring that environment up to date."
        )
    shutil.rmtree(clone.environment_folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(clone.environment_folder)], check=True)


def _install(clone: Clone, lock: Path) -> None:
    """Let pip install the lock's versions, every file checked against its hash."""
    names = re.findall(r"^([A-Za-z0-9._-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE)
    command = [
        str(clone.python),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--progress-bar=off",
        f"--requirement={lock}",
    ]
    progress = Progress(len(names))
    said: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as pip:
        assert pip.stdout is not None  # noqa: S101 - asked for above
        for line in pip.stdout:
            said.append(line)
            if found := _ONE_PACKAGE.match(line):
                progress.step(found.group(1))
            elif line.startswith("Installing collected packages"):
                progress.close()
                print("  unpacking", flush=True)
    if pip.returncode:
        raise SetupError("pip could not install the locked packages:\n\n" + "".join(said[-25:]))


def _stamp(clone: Clone) -> Path:
    return clone.environment_folder / _STAMP


def _installed(clone: Clone) -> dict[str, str]:
    """Digests of the lock files that the environment was made from."""
    try:
        found: dict[str, str] = json.loads(_stamp(clone).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()
