"""Engines: what turns event files into images, each behind the same protocol.

``coded_mask`` is this server's own and always there. ``osa``, the mission's software, is known by
name, so that asking for it gives an answer that says what is missing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # imported when an engine is asked for: jobs need it, the web server and a waiting worker don't
    from analysis.engines.protocol import Engine


class EngineNotInstalledError(ValueError):
    """An engine that this site hasn't; the message says what is missing."""


def require_installed(name: str) -> None:
    """Raise `EngineNotInstalledError` where the engine of that name can't be used here."""
    if name != "coded_mask":
        raise EngineNotInstalledError(
            f"engine {name!r} is not installed here: OSA's executables (og_create,"
            " ibis_science_analysis) and its instrument characteristics are missing;"
            " choose engine=coded_mask"
        )


def engine(name: str) -> "Engine":
    """The engine of that name; raises `EngineNotInstalledError`."""
    require_installed(name)
    from analysis.engines.coded_mask_steps import CODED_MASK

    return CODED_MASK


def installed_engines() -> tuple["Engine", ...]:
    """Every engine that can be used here."""
    return (engine("coded_mask"),)
