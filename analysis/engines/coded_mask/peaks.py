"""Local maxima of maps, placed between pixels."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def local_maxima(
    image: NDArray[np.floating], minimum: float
) -> Iterator[tuple[float, float, float]]:
    """Row, column (fractional, from 0) and value of local maxima from `minimum` on, highest first.

    A maximum is no lower than its eight neighbours, of which NaN is lower than any number; pixels
    on the border are none. The place is the top of parabolas through the neighbours.
    """
    filled = np.where(np.isfinite(image), image, -np.inf).astype(np.float64)
    rows, columns = filled.shape
    centre = filled[1:-1, 1:-1]
    high = centre >= minimum
    for dy in (0, 1, 2):
        for dx in (0, 1, 2):
            if (dy, dx) != (1, 1):
                high &= centre >= filled[dy : rows - 2 + dy, dx : columns - 2 + dx]
    places = np.argwhere(high) + 1
    values = filled[places[:, 0], places[:, 1]]
    for n in np.argsort(-values, kind="stable"):
        row, column = (int(i) for i in places[n])
        near = filled[row - 1 : row + 2, column - 1 : column + 2]
        yield row + _vertex(near[:, 1]), column + _vertex(near[1, :]), float(values[n])


def _vertex(three: NDArray[np.float64]) -> float:
    """Where a parabola through three equidistant values has its top, within half a step."""
    low, middle, high = (float(v) for v in three)
    if not (np.isfinite(low) and np.isfinite(high)):
        return 0.0
    bend = low - 2 * middle + high
    return 0.0 if bend >= 0 else float(np.clip(0.5 * (low - high) / bend, -0.5, 0.5))
