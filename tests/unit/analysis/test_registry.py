"""Engines by name: declared in one place, imported only when one is asked for."""

import subprocess
import sys

import pytest
from astropy.units import Unit

from analysis.engines import registry
from analysis.engines.protocol import Engine, ImagingEngine
from analysis.engines.registry import EngineDeclaration, EngineNotInstalledError
from analysis.steps import StepKind


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test declares is forgotten afterwards."""
    monkeypatch.setattr(registry, "_declared", dict(registry._declared))


def test_the_embedded_engine_is_always_there_and_makes_images() -> None:
    engine = registry.imaging_engine("coded_mask")
    assert isinstance(engine, Engine)
    assert isinstance(engine, ImagingEngine)
    assert engine.name == "coded_mask"
    assert engine in registry.installed_engines()


def test_an_unknown_engine_is_answered_with_the_known_ones() -> None:
    with pytest.raises(EngineNotInstalledError, match=r"'magic'.*coded_mask"):
        registry.engine("magic")


def test_an_engine_that_lacks_something_says_what(declared: None) -> None:
    registry.declare(
        EngineDeclaration("far", "away", "no.such.module", missing=lambda: "its telescopes")
    )
    with pytest.raises(EngineNotInstalledError, match="missing: its telescopes"):
        registry.engine("far")
    assert "far" in registry.engine_names()
    assert "far" not in {engine.name for engine in registry.installed_engines()}


def test_the_registry_is_light_to_import() -> None:
    code = "import analysis.engines.registry, sys; print({'astropy', 'numpy'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert answer.stdout == b"set()\n"


def test_a_web_server_that_is_asked_for_no_plan_imports_no_engine() -> None:
    code = (
        "import django, os, sys\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'vo_server.settings'\n"
        "django.setup()\n"
        "import vo_server.urls\n"
        "print({'astropy', 'scipy', 'matplotlib', 'distributed'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert answer.stdout == b"set()\n"


@pytest.mark.parametrize(
    "kind",
    [kind for engine in registry.installed_engines() for kind in engine.kinds],
    ids=lambda kind: kind.name,
)
def test_every_step_says_what_it_needs_and_in_which_units(kind: StepKind) -> None:
    assert 50_000_000 <= kind.memory <= 4_000_000_000, "bytes"
    assert 0 < kind.expected_seconds < 3600
    assert kind.tolerance.relative < 0.01
    for unit in kind.units.values():
        Unit(unit)
    assert len(kind.software()) == 64


def test_names_of_steps_are_unique_in_their_engine() -> None:
    for engine in registry.installed_engines():
        names = [kind.name for kind in engine.kinds]
        assert len(names) == len(set(names))
