"""The digest of a step's software: what is in it, and what isn't."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from modulefinder import ModuleFinder
from pathlib import Path

import pytest

from analysis import software
from analysis.all_sky.steps import ALL_SKY
from analysis.engines.coded_mask_engine import CodedMask
from analysis.engines.osa_engine import ENGINE as OSA
from analysis.engines.registry import installed_engines
from analysis.fitting.steps import FITTING
from analysis.software import FRAME, SoftwareOf, software_of

#: Where the functions of steps are; engines that aren't installed here are read all the same.
MODULES = sorted(
    {
        kind.run.__module__
        for kinds in (
            *(engine.kinds for engine in installed_engines()),
            OSA.kinds,
            FITTING.kinds,
            ALL_SKY.kinds,
        )
        for kind in kinds
    }
)
HOUSE = {"adql", "analysis", "archive", "auth", "dali", "fixtures", "instruments", "portal",
         "provenance", "tap", "uws", "vo_server"}  # fmt: skip


def _ours(names: Iterator[str] | set[str]) -> set[str]:
    return {name for name in names if name.partition(".")[0] in HOUSE}


@cache
def _loaded(*modules: str) -> set[str]:
    """What of ours is there after importing these, in a new process."""
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return _ours(set(done.stdout.decode().split()))


@pytest.mark.parametrize("module", MODULES)
def test_every_module_that_a_step_can_import_is_in_its_digest(module: str) -> None:
    """By the standard library's finder, which reads byte code: imports inside functions too."""
    finder = ModuleFinder(path=[str(Path.cwd())], excludes=sorted(FRAME))
    finder.import_hook(module)
    assert _ours(set(finder.modules)) == set(software_of(module).modules)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_that_is_there_after_importing_a_step_is_in_its_digest(module: str) -> None:
    """By importing it really, in a new process; what the frame brings along is subtracted."""
    missing = _loaded(module) - _loaded(*sorted(FRAME)) - set(software_of(module).modules)
    assert not missing


@pytest.mark.parametrize("module", MODULES)
def test_nothing_unrelated_is_in_a_steps_digest(module: str) -> None:
    rooms = {name.partition(".")[0] for name in software_of(module).modules}
    assert rooms <= {"analysis", "instruments"}
    inside = {name.split(".")[1] for name in software_of(module).modules if "." in name
              and name.startswith("analysis.")}  # fmt: skip
    assert inside <= {"all_sky", "engines", "fitting", "products"}


@pytest.mark.parametrize("module", MODULES)
def test_the_numeric_libraries_count(module: str) -> None:
    software = software_of(module)
    assert {"astropy", "numpy"} <= set(software.libraries)
    assert {"python", "pyerfa"} <= set(software.required)
    assert "django" not in {*software.libraries, *software.required}


@pytest.mark.parametrize("module", MODULES)
def test_no_import_is_hidden_in_a_string(module: str) -> None:
    for name, path in software_of(module).modules.items():
        words = {
            node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)
        }
        assert not words & {"import_module", "__import__", "exec", "eval"}, name


def test_the_frame_imports_no_engine() -> None:
    """Else it could alter results without a trace in their identities."""
    for name in FRAME - {"analysis.engines.protocol"}:
        reached = software_of(name, frame=frozenset()).modules
        assert not {module for module in reached if module.startswith("analysis.engines.coded")}


# --- A package of the test's own -----------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """``small_engine.steps`` → ``.inner`` → ``helping``; ``unrelated`` lies beside them."""
    root = tmp_path / "here"
    folder = root / "small_engine"
    folder.mkdir(parents=True)
    files = {
        "small_engine/__init__.py": "",
        "small_engine/steps.py": """
from typing import TYPE_CHECKING
from analysis.steps import StepKind
from .inner import ONE
if TYPE_CHECKING:
    import for_type_checkers
def run(*given):
    import late
""",
        "small_engine/inner.py": "import helping.deep\nimport json, numpy\nONE = 1\n",
        "small_engine/unrelated.py": "TWO = 2\n",
        "helping/__init__.py": "THREE = 3\n",
        "helping/deep.py": "FOUR = 4\n",
        "helping/table.csv": "1,2\n",
        "late.py": "FIVE = 5\n",
        "for_type_checkers.py": "SIX = 6\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.syspath_prepend(str(root))
    yield root
    for name in [name for name in sys.modules if name.partition(".")[0] in ("small_engine",)]:
        del sys.modules[name]


def _digest() -> str:
    return software_of("small_engine.steps").digest()


def test_imports_are_followed_wherever_they_stand(package: Path) -> None:
    software = software_of("small_engine.steps")
    assert set(software.modules) == {
        "helping", "helping.deep", "late", "small_engine", "small_engine.inner",
        "small_engine.steps",
    }  # fmt: skip
    assert set(software.libraries) == {"numpy"}
    assert [path.name for path in software.data] == ["table.csv"]


def test_nothing_is_imported_to_find_out(package: Path) -> None:
    _digest()
    assert "small_engine.steps" not in sys.modules


@pytest.mark.parametrize(
    "name",
    ["small_engine/steps.py", "small_engine/inner.py", "helping/__init__.py", "helping/deep.py",
     "helping/table.csv", "late.py"],
)  # fmt: skip
def test_the_digest_changes_with_all_that_is_imported(package: Path, name: str) -> None:
    before = _digest()
    with (package / name).open("a") as file:
        file.write("\n#\n")
    assert _digest() != before


@pytest.mark.parametrize("name", ["small_engine/unrelated.py", "for_type_checkers.py"])
def test_the_digest_does_not_change_with_what_is_not_imported(package: Path, name: str) -> None:
    before = _digest()
    (package / name).write_text("SEVEN = 7\n")
    assert _digest() == before


def test_the_digest_changes_with_the_libraries(package: Path) -> None:
    before = _digest()
    (package / "late.py").write_text("FIVE = 5\nimport scipy.ndimage\n")
    with_scipy = software_of("small_engine.steps")
    assert set(with_scipy.libraries) == {"numpy", "scipy"}
    assert with_scipy.digest() != before


def test_the_digest_knows_no_folder(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _digest()
    moved = package.rename(package.with_name("there"))
    monkeypatch.syspath_prepend(str(moved))
    assert _digest() == before


def test_a_process_keeps_the_digest_of_the_software_that_it_has_loaded(package: Path) -> None:
    before = SoftwareOf("small_engine.steps")()
    (package / "late.py").write_text("FIVE = 6\n")
    assert SoftwareOf("small_engine.steps")() == before


def test_a_module_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        software_of("no_such_package")


def test_what_an_engine_computes_with_is_known_once_its_steps_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that jobs find it in the process that they are forked from."""
    for kind in CodedMask.kinds:
        kind.software()
    monkeypatch.setattr(software, "software_of", None)
    assert "numpy" in CodedMask().libraries
