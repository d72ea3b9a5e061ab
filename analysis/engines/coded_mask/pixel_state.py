"""Off and noisy pixels, found from the counts of a wide band.

Used where a file states no pixel state (extension ``ISGR-EFFI-SHD``). Shadows of bright sources
make neighbouring pixels differ by large factors, and leave pixels dark where there is little
background; none of the tests below takes a shadow for a fault.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float64]

#: A noisy pixel has more than this many times the counts of its second brightest neighbour …
NOISY_FACTOR = 2.0
#: … and exceeds that by so many standard deviations and counts.
NOISY_SIGMA = 6.0
NOISY_COUNTS = 10.0
#: … and, by as many standard deviations, those of this many brightest pixels.
MAX_NOISY = 40

#: A silent square of so many pixels along each side is off: the mask has no closed square that
#: large (51 mm, 4.5 elements) …
BLOCK_SIDE = 11
#: … and so many counts at least would be expected in it.
BLOCK_COUNTS = 20.0
#: More silent pixels than this share, chance and blocks apart, are shadows if they lie together.
MOST_OFF = 0.1
#: Standard deviations by which pairs of silent neighbours then exceed those of scattered pixels.
TOGETHER_SIGMA = 6.0


def efficiency_from_counts(counts: NDArray[np.integer], pixels: NDArray[np.bool_]) -> Array:
    """Efficiency of each pixel, 0..1, from counts of the same shape; 0 beside `pixels`.

    Noisy pixels get 0, and blocks of silent ones. Another pixel without counts gets the probability
    that it is alive: the expected number of pixels with none by chance, after Chao (1984, Scand. J.
    Statist. 11, 265), over their number. In long exposures that is 0; in short ones it keeps the
    sum of efficiencies right. Where the silent pixels are the shadow of the mask, as happens
    without background, all are alive.
    """
    efficiency = pixels.astype(np.float64)
    efficiency[noisy_pixels(counts, pixels)] = 0.0
    efficiency[_silent_blocks(counts, pixels)] = 0.0
    usable = efficiency > 0
    silent = usable & (counts == 0)
    if silent.any():
        once, twice = (int(np.count_nonzero(usable & (counts == n))) for n in (1, 2))
        # the bias-corrected form, defined where no pixel has two counts
        by_chance = once * (once - 1) / (2.0 * (twice + 1))
        number = int(silent.sum())
        many = number - by_chance > MOST_OFF * np.count_nonzero(usable)
        if not (many and _lie_together(silent, usable)):
            efficiency[silent] = min(1.0, by_chance / number)
    return efficiency


def _silent_blocks(counts: NDArray[np.integer], pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels in squares of `BLOCK_SIDE` without a count, where that can't be by chance."""
    square = np.ones((BLOCK_SIDE, BLOCK_SIDE), dtype=bool)
    if counts[pixels].mean() * square.size < BLOCK_COUNTS:
        return np.zeros_like(pixels)
    blocks: NDArray[np.bool_] = ndimage.binary_opening((counts == 0) | ~pixels, square) & pixels
    return blocks


def _lie_together(silent: NDArray[np.bool_], usable: NDArray[np.bool_]) -> bool:
    """Whether there are more pairs of silent neighbours than among pixels scattered at random."""
    share = np.count_nonzero(silent) / np.count_nonzero(usable)
    pairs = possible = 0
    for one, other in (
        ((slice(1, None), slice(None)), (slice(None, -1), slice(None))),
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
    ):
        pairs += int(np.count_nonzero(silent[one] & silent[other]))
        possible += int(np.count_nonzero(usable[one] & usable[other]))
    expected = possible * share**2
    # of as many pixels in random places (Moran 1948, J. R. Statist. Soc. B 10, 243)
    deviation = np.sqrt(possible) * share * (1 - share)
    return bool(pairs - expected > TOGETHER_SIGMA * deviation)


def noisy_pixels(counts: NDArray[np.integer], pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels that stand out of their eight neighbours and of the whole detector.

    A mask element's image covers more than two pixels, so that a lit pixel has lit neighbours: it
    is compared with its second brightest one, since a neighbour may be noisy itself. Where a gap
    swallows the neighbours, many pixels elsewhere are as bright.
    """
    rows, columns = counts.shape
    padded = np.zeros((rows + 2, columns + 2))
    padded[1:-1, 1:-1] = np.where(pixels, counts, 0)
    neighbours = np.stack(
        [
            padded[1 + dy : 1 + dy + rows, 1 + dz : 1 + dz + columns]
            for dy in (-1, 0, 1)
            for dz in (-1, 0, 1)
            if (dy, dz) != (0, 0)
        ]
    )
    second = np.partition(neighbours, -2, axis=0)[-2]
    beside = NOISY_FACTOR * second + NOISY_SIGMA * np.sqrt(second) + NOISY_COUNTS
    among = float(np.partition(counts[pixels], -MAX_NOISY)[-MAX_NOISY])
    limit = np.maximum(beside, among + NOISY_SIGMA * np.sqrt(among))
    noisy: NDArray[np.bool_] = pixels & (counts > limit)
    return noisy
