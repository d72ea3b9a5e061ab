"""What the benchmarks share: medians, and the lines of their tables."""

import statistics
import time
from argparse import ArgumentParser
from collections.abc import Callable

_missed: list[str] = []


def median_ms(do: Callable[[], object], times: int) -> float:
    """The median time of ``do``, after one run that doesn't count."""
    do()
    return statistics.median(timed_ms(do) for _ in range(times))


def timed_ms(do: Callable[[], object]) -> float:
    """How long ``do`` takes."""
    began = time.perf_counter()
    do()
    return (time.perf_counter() - began) * 1e3


def tell(what: str, value: float, unit: str, ratio: float | None = None, aim: str = "") -> None:
    """One line of the table."""
    against = "" if ratio is None else f"{ratio:10.1f}"
    print(f"{what:<58}{value:>10.1f} {unit:<8}{against:>10}  {aim}", flush=True)


def said(met: bool, aim: str) -> str:
    """An aim, and whether it is met."""
    if not met:
        _missed.append(aim)
    return f"aim {aim}: {'met' if met else 'MISSED'}"


def offer_strict(options: ArgumentParser) -> None:
    """Let who starts a benchmark choose that a missed aim counts as a failure."""
    options.add_argument("--strict", action="store_true", help="end with 1 where an aim is missed")


def status(strict: bool) -> int:
    """What the benchmark ends with; says how many aims were missed."""
    print(f"{len(_missed)} aims missed" if _missed else "all aims met", flush=True)
    return 1 if strict and _missed else 0
