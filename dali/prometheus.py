"""Prometheus' text format, version 0.0.4: the lines of a metric."""

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def header(name: str, kind: str, meaning: str) -> tuple[str, str]:
    """The two lines before a metric's values. kind: ``gauge``, ``counter`` or ``histogram``."""
    return f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"


def line(name: str, value: float, **labels: str) -> str:
    """One value."""
    told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{told}}} {value:.15g}" if told else f"{name} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
