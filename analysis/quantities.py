"""Parameters of steps with units: one number in the unit that the step declares.

A band from 20 keV is the same band as one from 20 000 eV. Converting takes a multiplication, whose
rounding must not make two values of one: what was converted keeps 15 significant digits, as many as
every double holds. A value given in the declared unit is kept as it is.
"""

import math
import sys
from collections.abc import Mapping
from typing import Any

_DIGITS = 15


def without_units(parameters: Mapping[str, Any], units: Mapping[str, str]) -> dict[str, Any]:
    """The same parameters, every quantity a plain number in its declared unit.

    Plain values are taken to be in that unit already. Raises `ValueError` for a quantity where no
    unit is declared, or of another physical type.
    """
    return {
        name: _number(name, value, units.get(name)) if _is_quantity(value) else value
        for name, value in parameters.items()
    }


def _is_quantity(value: object) -> bool:
    # whoever made one has imported astropy; nobody else needs it here
    units = sys.modules.get("astropy.units")
    return units is not None and isinstance(value, units.Quantity)


def _number(name: str, value: Any, unit: str | None) -> Any:
    from astropy.units import Unit, UnitConversionError

    if unit is None:
        raise ValueError(f"{name}: {value} has a unit, but the step declares none")
    declared = Unit(unit)
    if value.unit == declared:
        return value.value.tolist()
    try:
        converted = value.to_value(declared).tolist()
    except UnitConversionError:
        raise ValueError(f"{name}: {value} can't be converted to {unit}") from None
    if isinstance(converted, list):
        return [_rounded(item) for item in converted]
    return _rounded(converted)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else value
