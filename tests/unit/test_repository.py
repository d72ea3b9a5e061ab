"""What holds for every file of the repository."""

import re
import subprocess
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Folders of one machine have no place in a file that others read.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/[\w.]")
LOCKS = ("requirements.lock", "requirements-dev.lock")


def tracked_texts() -> list[tuple[str, str]]:
    """Path and content of every text file under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    texts = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            texts.append((name, content.decode("utf-8")))
    return texts


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    found = {
        (name, match.group())
        for name, text in tracked_texts()
        for match in [MACHINE_PATH.search(text)]
        if match and name != Path(__file__).relative_to(ROOT).as_posix()
    }
    assert found == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_version_and_its_hashes(lock: str) -> None:
    text = re.sub(r"^\s*#.*\n", "", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    entries = text.replace("\\\n", " ").splitlines()
    assert entries
    wrong = [
        entry
        for entry in entries
        if not re.fullmatch(r"[\w.\-\[\]]+==\S+( ;.*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*", entry)
    ]
    assert wrong == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_host(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text(encoding="utf-8")


def test_the_development_lock_holds_the_same_versions() -> None:
    base, development = (
        set(re.findall(r"^[\w.-]+==\S+", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
        for lock in LOCKS
    )
    assert base <= development


# Licences that let a BSD-licensed program use the package. LGPL and MPL bind changes to the package
# itself, of which there are none here.
COMPATIBLE = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|PSF|PSFL|Python Software Foundation|ISC|MPL|Mozilla|LGPL|HPND|Zlib|"
    r"Unlicense|CC0|MIT-CMU)\b",
    flags=re.IGNORECASE,
)


def test_every_dependency_has_a_licence_that_ours_is_compatible_with() -> None:
    lock = (ROOT / LOCKS[0]).read_text(encoding="utf-8")
    strangers = {}
    for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE):
        metadata = distribution(name).metadata
        told = " ".join(
            [
                metadata.get("License-Expression") or "",
                (metadata.get("License") or "")[:100],
                *(line for line in metadata.get_all("Classifier") or () if "License" in line),
            ]
        )
        if not COMPATIBLE.search(told):
            strangers[name] = told
    assert strangers == {}


def test_the_newer_psycopg_is_not_there_for_django_to_take() -> None:
    assert "psycopg" not in packages_distributions()
