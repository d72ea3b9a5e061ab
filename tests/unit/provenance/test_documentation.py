"""The page about provenance names what ProvSAP offers."""

from pathlib import Path

from provenance.provsap import FORMATS

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "provenance.md").read_text(encoding="utf-8")


def test_every_format_and_parameter_of_provsap_is_documented() -> None:
    for known in FORMATS:
        assert f"`{known.name}`" in PAGE
        assert f"`{known.media_type}`" in PAGE
    for name in ("ID", "DEPTH", "DIRECTION", "RESPONSEFORMAT", "MODEL", "AGENTS", "AGENT",
                 "MEMBERS", "DESCRIPTIONS", "CONFIGURATION", "ATTRIBUTES"):  # fmt: skip
        assert f"`{name}`" in PAGE
