"""A tiny engine: its steps add numbers in text files."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_engine import TinyGraph

from analysis.steps import RawFile, Step


@pytest.fixture
def raw_file(tmp_path: Path) -> Callable[[str, int], RawFile]:
    """Makes a raw file that holds a number."""
    return TinyGraph(tmp_path).raw


@pytest.fixture
def add(tmp_path: Path) -> Callable[..., Step]:
    """Makes a step that adds its inputs and parameter ``plus``."""
    return TinyGraph(tmp_path).add
