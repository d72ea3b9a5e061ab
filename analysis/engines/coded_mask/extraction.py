"""Spectra and light curves: the events of a Science Window shared out among its sources.

The shadows of all sources and the background are fitted together to the pixels' counts
(`source_fit`), once for each octave of energy. The least-squares solution is linear in the counts:
each event tells something of each source, according to its pixel. These amounts, added up by
channel or by time bin, are the simultaneous fit of that channel or bin, with the weights of the
octave's, and their squares give its variance with all covariances among the sources (a sandwich
estimate: the counts' own variance, whatever the model). Weights that don't depend on a channel's
own counts leave no bias, however few counts a channel or bin has; those of each channel's own
expectation would gain a few per cent of the error at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.engines.coded_mask.events import EventList
from analysis.engines.coded_mask.shadowgram import shadowgram_of
from analysis.engines.coded_mask.source_fit import Direction, SourceFit
from analysis.engines.coded_mask.telescope import Telescope
from analysis.products.source_light_curve import SourceLightCurve
from analysis.products.source_spectrum import GOOD, NO_DATA, SourceSpectrum
from instruments.time import SECONDS_PER_DAY

Array = NDArray[np.float64]

#: Channels are fitted with common weights within bands of this ratio of energies …
BAND_RATIO = 2.0
#: … that hold so many events at least.
MIN_BAND_EVENTS = 1000
#: A bin of a light curve with less good time than this part of it is left out.
MIN_EXPOSED = 0.01


@dataclass(frozen=True, slots=True)
class Target:
    """A source to extract: ICRS position in degrees at which it is modelled."""

    name: str
    ra: float
    dec: float
    new_source: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    """The targets that a Science Window sees."""

    targets: tuple[Target, ...]
    directions: tuple[Direction, ...]
    coded: tuple[float, ...]


def spectra(
    events: EventList, targets: Sequence[Target], telescope: Telescope
) -> tuple[SourceSpectrum, ...]:
    """The spectra of the targets that the field holds, fitted together; in the targets' order.

    Over the telescope's fixed channels. Channels outside its valid energies hold no data.
    """
    camera, response = telescope.camera(), telescope.response()
    edges = response.channel_edges_kev
    channel = np.searchsorted(edges, events.energy_kev, side="right") - 1
    low, high = response.valid_kev
    valid = (edges[:-1] >= low) & (edges[1:] <= high)
    count = len(edges) - 1
    channel = np.where((channel >= 0) & (channel < count), channel, -1)
    usable = np.where(channel >= 0, valid[channel], False)
    field = _field(events, targets, telescope)
    number = len(field.targets)
    rate, variance = np.zeros((2, number, count))
    if number:
        for first, last in _bands(edges, valid, channel[usable]):
            chosen = np.flatnonzero(usable & (channel >= first) & (channel < last))
            fit = SourceFit(shadowgram_of(events, edges[first], edges[last]), camera)
            weights = fit.estimators(fit.intensities(field.directions))
            cell, bins = events.cell[chosen], channel[chosen] - first
            for n in range(number):
                amount = weights[n].ravel()
                sums = _sums(amount, cell, bins, last - first)
                rate[n, first:last], variance[n, first:last] = sums
    good_time = events.good_time
    return tuple(
        SourceSpectrum(
            name=target.name,
            ra=target.ra,
            dec=target.dec,
            new_source=target.new_source,
            channel_edges_kev=edges,
            rate=rate[n],
            error=np.sqrt(variance[n]),
            quality=np.where(valid, GOOD, NO_DATA).astype(np.int16),
            ontime_s=good_time.ontime_s,
            livetime_s=good_time.livetime_s,
            source_exposure_s=good_time.livetime_s * field.coded[n],
            t_start_ijd=good_time.start_ijd,
            t_stop_ijd=good_time.stop_ijd,
            science_windows=(events.science_window,),
            resolutions=((events.energy_resolution_fwhm, 1.0),),
        )
        for n, target in enumerate(field.targets)
    )


def light_curves(
    events: EventList,
    targets: Sequence[Target],
    telescope: Telescope,
    *,
    e_min_kev: float,
    e_max_kev: float,
    time_bin_s: float,
) -> tuple[SourceLightCurve, ...]:
    """The light curves of the targets that the field holds, fitted together.

    Bins begin at the start of the good time; the last one ends with it. Bins without good time
    are left out. Raises the telescope's error for a band without events.
    """
    shadowgram = shadowgram_of(events, e_min_kev, e_max_kev)
    if not shadowgram.counts.any():
        raise telescope.no_events(
            f"no good event from {e_min_kev:g} to {e_max_kev:g} keV.",
            science_window=events.science_window,
            step="light_curves",
        )
    field = _field(events, targets, telescope)
    if not field.targets:
        return ()
    good_time = events.good_time
    length_s = (good_time.stop_ijd - good_time.start_ijd) * SECONDS_PER_DAY
    bins = max(1, int(np.ceil(length_s / time_bin_s - 1e-6)))
    edges_s = np.minimum(np.arange(bins + 1) * time_bin_s, length_s)
    width_s = np.diff(edges_s)
    exposed_s = good_time.seconds_between(good_time.start_ijd + edges_s / SECONDS_PER_DAY)
    kept = exposed_s >= MIN_EXPOSED * width_s
    in_band = (events.energy_kev >= e_min_kev) & (events.energy_kev < e_max_kev)
    since_s = (events.time_ijd[in_band] - good_time.start_ijd) * SECONDS_PER_DAY
    at = np.clip(np.searchsorted(edges_s, since_s, side="right") - 1, 0, bins - 1)
    cell = events.cell[in_band]

    fit = SourceFit(shadowgram, telescope.camera())
    weights = fit.estimators(fit.intensities(field.directions))
    # amounts are per live second of the whole Science Window
    share = np.where(kept, exposed_s / good_time.ontime_s, 1.0)
    rates = [_sums(amount.ravel(), cell, at, bins) for amount in weights]
    background, background_variance = rates[-1]
    live_s = np.where(kept, exposed_s, 1.0) * good_time.live_fraction
    detector_rate = np.bincount(at, minlength=bins) / live_s
    return tuple(
        SourceLightCurve(
            name=target.name,
            ra=target.ra,
            dec=target.dec,
            new_source=target.new_source,
            e_min_kev=e_min_kev,
            e_max_kev=e_max_kev,
            time_bin_s=time_bin_s,
            time_ijd=(good_time.start_ijd + (edges_s[:-1] + width_s / 2) / SECONDS_PER_DAY)[kept],
            width_s=width_s[kept],
            rate=(rates[n][0] / share)[kept],
            error=(np.sqrt(rates[n][1]) / share)[kept],
            exposed=np.minimum(exposed_s / width_s, 1.0)[kept],
            detector_rate=detector_rate[kept],
            background=(background / share)[kept],
            background_error=(np.sqrt(background_variance) / share)[kept],
            science_window=np.zeros(int(kept.sum()), dtype=np.int32),
            science_windows=(events.science_window,),
            ontime_s=float(exposed_s[kept].sum()),
            livetime_s=float(exposed_s[kept].sum()) * good_time.live_fraction,
            t_start_ijd=good_time.start_ijd,
            t_stop_ijd=good_time.stop_ijd,
        )
        for n, target in enumerate(field.targets)
    )


def _field(events: EventList, targets: Sequence[Target], telescope: Telescope) -> _Field:
    camera = telescope.camera()
    fit = SourceFit(shadowgram_of(events, 0.0, np.inf), camera)
    seen, directions, coded = [], [], []
    for target in targets:
        at = fit.direction(target.ra, target.dec)
        if at is not None:
            seen.append(target)
            directions.append(at)
            alive = events.efficiency[camera.coded(at.tangent_y, at.tangent_z)].sum()
            coded.append(float(alive) / camera.pixel_count)
    return _Field(tuple(seen), tuple(directions), tuple(coded))


def _bands(
    edges: Array, valid: NDArray[np.bool_], channel: NDArray[np.intp]
) -> list[tuple[int, int]]:
    """First and last-plus-one channels of bands that together hold all valid channels."""
    (where,) = np.nonzero(valid)
    if where.size == 0:
        return []
    first, end = int(where[0]), int(where[-1]) + 1
    starts = [first]
    per_channel = np.bincount(channel, minlength=len(edges))
    for n in range(first + 1, end):
        wide = edges[n] >= BAND_RATIO * edges[starts[-1]]
        if wide and per_channel[starts[-1] : n].sum() >= MIN_BAND_EVENTS:
            starts.append(n)
    if len(starts) > 1 and per_channel[starts[-1] : end].sum() < MIN_BAND_EVENTS:
        starts.pop()
    return list(zip(starts, [*starts[1:], end], strict=True))


def _sums(
    amount: Array, cell: NDArray[np.int32], bins: NDArray[np.intp], count: int
) -> tuple[Array, Array]:
    """Sum and variance of the events' amounts in each bin.

    A bin without an event has the variance of one that fell anywhere.
    """
    given = amount[cell]
    total, variance = (
        np.asarray(np.bincount(bins, weights=given**power, minlength=count), dtype=np.float64)
        for power in (1, 2)
    )
    one = float((amount**2).sum()) / max(int(np.count_nonzero(amount)), 1)
    return total, np.maximum(variance, one)
