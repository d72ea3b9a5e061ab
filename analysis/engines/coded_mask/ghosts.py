"""Where a repeating mask makes ghosts.

A mask whose pattern repeats casts, from directions one period apart, shadows that are the same but
for where they end. The two are told apart by the fit, not by their peaks' heights.
"""

from functools import lru_cache

import numpy as np
import scipy.fft

from analysis.engines.coded_mask.camera import Camera

#: Shifts of the mask on itself that match so well, where they overlap, make ghosts.
MIN_MATCH = 0.5
#: What overlaps less than this part of the mask makes no ghost worth a thought.
MIN_OVERLAP = 0.15


@lru_cache(maxsize=4)
def ghost_shifts(camera: Camera) -> tuple[tuple[float, float], ...]:
    """Distances from a source to its possible ghosts in tangents (Y, Z); none for a random mask."""
    contrast = camera.mask - camera.mask.mean()
    rows, columns = contrast.shape
    size = [2 * rows, 2 * columns]
    power = np.abs(scipy.fft.rfft2(contrast, size, workers=1)) ** 2
    correlation = scipy.fft.fftshift(scipy.fft.irfft2(power, size, workers=1))
    shift_y, shift_z = (np.arange(-n, n) for n in (rows, columns))
    overlap = np.outer(rows - np.abs(shift_y), columns - np.abs(shift_z))
    match = correlation / np.maximum(overlap, 1) / (contrast**2).mean()
    match[overlap < MIN_OVERLAP * contrast.size] = 0.0
    # the peak of the source itself
    own = 2 * camera.mask_element_mm / camera.mask_cell_mm
    match[np.hypot(shift_y[:, None], shift_z[None, :]) < own] = 0.0
    highest = [
        (int(i), int(j))
        for i, j in np.argwhere(match > MIN_MATCH)
        if match[i, j] >= match[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2].max()
    ]
    step = camera.mask_cell_mm / camera.mask_distance_mm
    return tuple((float(shift_y[i] * step), float(shift_z[j] * step)) for i, j in highest)
