"""Engines: what turns event files into images, each behind the same protocol.

``coded_mask`` is this server's own and always there. ``osa``, the mission's software, is known by
name, so that asking for it gives an answer that says what is missing.
"""

from analysis.engines.protocol import Engine


class EngineNotInstalledError(ValueError):
    """An engine that this site hasn't; the message says what is missing."""


def engine(name: str) -> Engine:
    """The engine of that name; raises `EngineNotInstalledError`."""
    if name == "coded_mask":
        # imported when asked for: the graph's processes need it, the web server doesn't
        from analysis.engines.coded_mask_steps import CODED_MASK

        return CODED_MASK
    raise EngineNotInstalledError(
        f"engine {name!r} is not installed here: OSA's executables (og_create,"
        " ibis_science_analysis) and its instrument characteristics are missing;"
        " choose engine=coded_mask"
    )


def installed_engines() -> tuple[Engine, ...]:
    """Every engine that can be used here."""
    return (engine("coded_mask"),)
