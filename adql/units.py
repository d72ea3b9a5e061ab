"""Units of expressions, in the writing of VOUnits.

astropy.units is imported when a query first needs it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1024)
def _parsed(unit: str) -> Any:
    from astropy import units

    try:
        return units.Unit(unit, format="vounit")
    except (ValueError, TypeError):
        return None


def _written(unit: Any) -> str | None:
    try:
        return str(unit.to_string("vounit")) or None
    except (ValueError, TypeError):
        return None


@lru_cache(maxsize=1024)
def product(left: str | None, right: str | None, power: int = 1) -> str | None:
    """The unit of ``left * right ** power``; ``None`` for pure numbers, or where it isn't known."""
    if not right:
        return left
    if not left and power == 1:
        return right
    first, second = _parsed(left or ""), _parsed(right)
    if first is None or second is None:
        return None
    return _written(first * second**power)


@lru_cache(maxsize=1024)
def raised(unit: str | None, power: float) -> str | None:
    """The unit of ``value ** power``."""
    if not unit:
        return None
    parsed = _parsed(unit)
    return None if parsed is None else _written(parsed**power)


def is_valid(unit: str) -> bool:
    """Whether this is a unit as VOUnits writes it."""
    return _parsed(unit) is not None


@lru_cache(maxsize=1024)
def factor(unit: str, target: str) -> float | None:
    """What a value in ``unit`` is multiplied by to be in ``target``; ``None`` if nothing does."""
    from astropy.units import UnitConversionError

    try:
        return float(_parsed(unit).to(_parsed(target)))
    except (UnitConversionError, AttributeError, TypeError):
        return None
