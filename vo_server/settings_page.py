"""The page of docs/ that lists every setting, written from ``vo_server.configuration``."""

from pathlib import Path

from vo_server.configuration import PROJECT_ROOT, Configuration

PAGE = PROJECT_ROOT / "docs" / "settings.md"
_TYPES = {
    "str": "text",
    "bool": "yes or no",
    "int": "whole number",
    "float": "number",
    "Path": "folder",
}

_HEAD = """# Settings

Written by `make docs` from `vo_server/configuration.py`; change it there.

Each setting is an environment variable. Where it isn't set, its line in `var/environment` counts
(set-up writes those of the private database and `SITE_URL`), else its default. The folders among
the defaults lie in the clone.

| variable | type | default | meaning |
|---|---|---|---|
"""


def page() -> str:
    """The page's Markdown."""
    rows = []
    for name, field in Configuration.model_fields.items():
        kind = getattr(field.annotation, "__name__", str(field.annotation))
        cells = (
            f"`{name.upper()}`",
            _TYPES.get(kind, kind),
            _default(field.default),
            field.description or "",
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return _HEAD + "".join(rows)


def _default(value: object) -> str:
    """A default as an operator would write it."""
    if isinstance(value, Path):
        return f"`{value.relative_to(PROJECT_ROOT)}`"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"`{value}`" if value != "" else ""
