"""What the benchmarks share: medians, and the lines of their tables."""

import statistics
import time
from collections.abc import Callable


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
    return f"aim {aim}: {'met' if met else 'MISSED'}"
