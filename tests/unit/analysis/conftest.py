"""A tiny engine: its steps add numbers in text files, and count how often they run."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tiny_engine import ADD

from analysis.execution import Surroundings
from analysis.steps import Parameter, RawFile, Step
from provenance.records import EntityRecord

MakeStep = Callable[..., Step]


@pytest.fixture
def raw_file(tmp_path: Path) -> Callable[[str, int], RawFile]:
    """Makes a raw file that holds a number."""

    def make(label: str, number: int) -> RawFile:
        path = tmp_path / f"{label}.txt"
        path.write_text(str(number))
        entity = EntityRecord(
            f"ivo://test/archive?{label}",
            name=label,
            location=f"scw/{label}.txt",
            checksum=f"sha256:{number}",
        )
        return RawFile(label, path, entity)

    return make


@pytest.fixture
def surroundings(tmp_path: Path) -> Surroundings:
    """A cache of its own."""
    return Surroundings(tmp_path / "cache", "test", {"numpy": "0"})


@pytest.fixture
def add(tmp_path: Path) -> MakeStep:
    """Makes a step that adds its inputs and parameter ``plus``; it logs every run."""

    def make(
        *inputs: Step | RawFile, plus: Parameter = 0, software: str = "1", label: str = ""
    ) -> Step:
        parameters = {"plus": plus, "log": str(tmp_path / "runs.log")}
        kind = replace(ADD, software=partial(str, software))
        return Step(kind, "tiny", parameters, {"term": inputs}, label)

    return make


@pytest.fixture
def runs(tmp_path: Path) -> Callable[[], list[str]]:
    """The sums that were really computed, in order, since it was asked last."""

    def read() -> list[str]:
        path = tmp_path / "runs.log"
        lines = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    return read
