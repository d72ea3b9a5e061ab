"""The engines by name: light to import, for an engine's libraries are needed by its steps alone.

``coded_mask`` is this server's own and always there. ``osa``, the mission's software, can be asked
for everywhere; where it isn't installed, the answer says what is missing. A site adds its own by
the setting VO_ANALYSIS_ENGINES, without a change here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from analysis.engines.osa import installation as osa

if TYPE_CHECKING:
    # imported when an engine is asked for: jobs need it, the web server and a waiting worker don't
    from analysis.engines.protocol import Engine, ImagingEngine, SpectralEngine, TimingEngine


class EngineNotInstalledError(ValueError):
    """An engine that this site hasn't; the message says what is missing."""


def _nothing() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class EngineDeclaration:
    """An engine, before it is imported.

    name: as the parameter ``engine`` has it. description: half a sentence for people.
    module: importable name of the module whose ``ENGINE`` it is. missing: says what this machine
    lacks to use it, in words for users; empty where nothing is.
    """

    name: str
    description: str
    module: str
    missing: Callable[[], str] = _nothing


_declared = {
    declaration.name: declaration
    for declaration in (
        EngineDeclaration("coded_mask", "this server's own", "analysis.engines.coded_mask_engine"),
        EngineDeclaration(
            "osa", "the mission's", "analysis.engines.osa_engine", missing=osa.missing
        ),
    )
}


def declare(declaration: EngineDeclaration) -> None:
    """Add an engine, or replace the one of that name."""
    _declared[declaration.name] = declaration


def declared_engines() -> tuple[EngineDeclaration, ...]:
    """Every engine that may be asked for, installed or not."""
    return tuple(_declared.values())


def engine_names() -> tuple[str, ...]:
    """What the parameter ``engine`` may be."""
    return tuple(_declared)


def require_installed(name: str) -> None:
    """Raise `EngineNotInstalledError` where the engine of that name can't be used here."""
    declaration = _declared.get(name)
    if declaration is None:
        raise EngineNotInstalledError(
            f"there is no engine {name!r}; choose one of {', '.join(_declared)}"
        )
    missing = declaration.missing()
    if missing:
        usable = next(known.name for known in _declared.values() if not known.missing())
        raise EngineNotInstalledError(
            f"engine {name!r} is not installed here; missing: {missing}; choose engine={usable}"
        )


def engine(name: str) -> "Engine":
    """The engine of that name; raises `EngineNotInstalledError`."""
    require_installed(name)
    found: Engine = import_module(_declared[name].module).ENGINE
    return found


def imaging_engine(name: str) -> "ImagingEngine":
    """The engine of that name, if it makes images; raises `EngineNotInstalledError`."""
    from analysis.engines.protocol import ImagingEngine

    found = engine(name)
    if not isinstance(found, ImagingEngine):
        raise EngineNotInstalledError(f"engine {name!r} makes no images")
    return found


def spectral_engine(name: str) -> "SpectralEngine":
    """The engine of that name, if it makes spectra; raises `EngineNotInstalledError`."""
    from analysis.engines.protocol import SpectralEngine

    found = engine(name)
    if not isinstance(found, SpectralEngine):
        raise EngineNotInstalledError(f"engine {name!r} makes no spectra")
    return found


def timing_engine(name: str) -> "TimingEngine":
    """The engine of that name, if it makes light curves; raises `EngineNotInstalledError`."""
    from analysis.engines.protocol import TimingEngine

    found = engine(name)
    if not isinstance(found, TimingEngine):
        raise EngineNotInstalledError(f"engine {name!r} makes no light curves")
    return found


def installed_engines() -> tuple["Engine", ...]:
    """Every engine that can be used here."""
    return tuple(engine(known.name) for known in _declared.values() if not known.missing())
