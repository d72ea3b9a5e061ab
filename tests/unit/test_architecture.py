"""The floors of the house: imports go down, and the pure rooms stay pure."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def imported_modules(file: Path) -> set[str]:
    """Every module that a source file names in an import."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update(f"{node.module}.{name.name}" for name in node.names)
    return found


def broken_contracts(folder: Path) -> str:
    """What import-linter says of the project in ``folder``; empty where every contract is kept."""
    ran = subprocess.run(
        [str(LINT_IMPORTS), "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


def test_no_import_goes_up_a_floor() -> None:
    assert broken_contracts(ROOT) == ""


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("dali", "import tap"),
        ("uws", "import archive"),
        ("adql", "import django"),
        ("analysis", "import fixtures"),
    ],
)
def test_a_broken_floor_is_noticed(tmp_path: Path, room: str, line: str) -> None:
    rooms = (
        "vo_server portal tap analysis archive uws provenance auth dali adql instruments fixtures"
    )
    for name in rooms.split():
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert broken_contracts(tmp_path) == ""
    (tmp_path / room / "wrong.py").write_text(line + "\n", encoding="utf-8")
    assert "BROKEN" in broken_contracts(tmp_path)


def test_what_data_access_services_share_knows_only_the_languages_tables() -> None:
    strays = {
        (file.name, module)
        for file in (ROOT / "dali").rglob("*.py")
        for module in imported_modules(file)
        if module.split(".")[0] == "adql" and not f"{module}.".startswith("adql.schema.")
    }
    assert strays == set()
