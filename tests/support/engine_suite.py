"""Whether the engine gives back what was simulated, with sources that it was not tuned to.

Random attitudes, positions in and out of the fully coded field, rates over three decades, spectra
and variability. A tenth of it runs in the tests; all of it by ``make soak`` (or this file), which
prints what came out and fails where an aim is missed.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

import numpy as np
import simulated_fields as fields
from scipy.optimize import least_squares

from analysis.engines.coded_mask import find_sources, mosaic, mosaic_sources, shadowgram_of
from analysis.engines.coded_mask.extraction import Target, light_curves, spectra
from analysis.engines.coded_mask.isgri import ISGRI, isgri_camera, isgri_response
from analysis.engines.coded_mask.responses import spectral_response
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.source_list import Source
from analysis.products.source_spectrum import SourceSpectrum
from fixtures.spectra import Spectrum
from instruments.frame import SpacecraftFrame

BAND = (20.0, 40.0)
#: Standard deviation of the deviations in units of the errors that are stated.
HONEST = (0.8, 1.25)


@dataclass(slots=True)
class Outcome:
    """What a part of the suite found: numbers to tell, and aims that were missed."""

    part: str
    numbers: dict[str, float] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    def aim(self, met: bool, words: str) -> None:
        """Note an aim that isn't met."""
        if not met:
            self.missed.append(words)


def single_sources(trials: int, seed: int = 1) -> Outcome:
    """One source per field, 1 to 1000 count/s: found, at its place, with its rate."""
    outcome = Outcome("single sources, 1-1000 count/s, anywhere in the field")
    random = np.random.default_rng(seed)
    rate_pulls, place_pulls, misses, false, expected = [], [], 0, 0, 0
    for trial in range(trials):
        frame = fields.random_frame(random)
        # further out a dozen rows of pixels see the mask, too few to tell a peak from side lobes
        place = fields.random_place(frame, random, 0.1)
        rate = float(10 ** random.uniform(0, 3))
        one = fields.source("it", place, rate)
        events = fields.observed(fields.pointing(frame, 400.0), [one], 1000 * seed + trial)
        found = find_sources(shadowgram_of(events, *BAND), camera=isgri_camera()).sources
        here = [s for s in found if fields.apart_deg(frame, place, s.ra, s.dec) < 0.2]
        false += sum(s.significance >= 7 for s in found if s not in here)
        # what an on-axis source would have, by the coded part
        bright = rate * np.sqrt(place.coded) / 1.3 > 10
        expected += bright
        if not here:
            misses += bright
        if not here or not bright:
            # of faint ones only those that came out bright are found
            continue
        rate_pulls.append((here[0].intensity - rate) / here[0].intensity_error)
        place_pulls.append(
            fields.apart_deg(frame, place, here[0].ra, here[0].dec) / here[0].position_error
        )
    # two coordinates: the mean square of the distance is 2
    spread = float(np.sqrt(np.mean(np.square(place_pulls)) / 2))
    outcome.numbers = {
        "trials": trials,
        "bright enough": expected,
        "not found": misses,
        "false above 7 sigma": false,
        "rate: mean deviation / error": float(np.mean(rate_pulls)),
        "rate: spread / error": float(np.std(rate_pulls)),
        "place: spread / error": spread,
    }
    allowed = 4 / np.sqrt(len(rate_pulls))
    outcome.aim(misses == 0, "every bright source is found")
    outcome.aim(false == 0, "no false source above 7 sigma")
    outcome.aim(abs(np.mean(rate_pulls)) < allowed, "rates are unbiased")
    outcome.aim(_honest(np.std(rate_pulls), len(rate_pulls)), "errors of rates are honest")
    outcome.aim(_honest(spread, len(rate_pulls)), "errors of places are honest")
    return outcome


def empty_fields(trials: int, seed: int = 2) -> Outcome:
    """No source: none found above 7 sigma."""
    outcome = Outcome("empty fields")
    random = np.random.default_rng(seed)
    highest = []
    for trial in range(trials):
        at = fields.pointing(fields.random_frame(random), 400.0)
        shadowgram = shadowgram_of(fields.observed(at, [], 1000 * seed + trial), *BAND)
        found = find_sources(shadowgram, camera=isgri_camera(), threshold=6.0).sources
        highest.append(max((s.significance for s in found), default=0.0))
    outcome.numbers = {"trials": trials, "highest (0: none above 6)": max(highest)}
    outcome.aim(max(highest) < 7, "no false source above 7 sigma")
    return outcome


def very_bright_sources(trials: int, seed: int = 3) -> Outcome:
    """One source of 50 Crab and a faint one: no list of ghosts, alone or in a mosaic of three."""
    outcome = Outcome("a source of 50 Crab, and its ghosts")
    random = np.random.default_rng(seed)
    false = worst = 0
    pulls = []
    for trial in range(trials):
        frame = fields.random_frame(random)
        place = fields.random_place(frame, random, 0.3)
        one = fields.source("V404-like", place, 8250.0, Spectrum(1.6, 70.0))
        known = [CatalogueSource(one.name, one.ra, one.dec)] if trial % 2 else []
        shadowgrams, searches = [], []
        for number in (1, 2, 3):
            at = fields.pointing(_nodded(frame, random), 120.0, number)
            events = fields.observed(at, [one], 1000 * seed + 10 * trial + number)
            shadowgrams.append(shadowgram_of(events, *BAND))
            searches.append(find_sources(shadowgrams[-1], known, camera=isgri_camera()))
        joined = mosaic([s.image for s in searches], ISGRI.image_pixel_deg)
        listed = mosaic_sources(
            joined, shadowgrams, [s.sources for s in searches], known, camera=isgri_camera()
        ).sources
        for sources in (*(s.sources for s in searches), listed):
            others = _others(sources, one.ra, one.dec, frame)
            false += len(others)
            worst = max(worst, max((s.significance for s in others), default=0.0))
        brightest = max(listed, key=lambda s: s.significance)
        pulls.append((brightest.intensity - 8250.0) / brightest.intensity_error)
    outcome.numbers = {
        "trials": trials,
        "false sources": false,
        "the highest of them": worst,
        "rate: mean deviation / error": float(np.mean(pulls)),
    }
    outcome.aim(false == 0, "no false source")
    outcome.aim(abs(float(np.mean(pulls))) < 4, "the rate is right")
    return outcome


def crowded_fields(trials: int, seed: int = 4, count: int = 28) -> Outcome:
    """28 sources within 8 degrees of the pointing, all of them in the catalogue."""
    outcome = Outcome(f"{count} sources in one field")
    random = np.random.default_rng(seed)
    missing = false = twice = 0
    pulls = []
    for trial in range(trials):
        frame = fields.random_frame(random)
        truth = []
        while len(truth) < count:
            place = fields.random_place(frame, random, 0.4)
            if all(fields.apart_deg(frame, other, place.ra, place.dec) > 0.5 for other in truth):
                rate = float(10 ** random.uniform(0.9, 2.2))
                truth.append(fields.source(f"S{len(truth):02}", place, rate))
        known = [CatalogueSource(s.name, s.ra, s.dec) for s in truth]
        events = fields.observed(fields.pointing(frame, 600.0), truth, 1000 * seed + trial)
        search = find_sources(shadowgram_of(events, *BAND), known, camera=isgri_camera())
        by_name: dict[str, Source] = {}
        for s in search.sources:
            twice += s.name in by_name
            by_name[s.name] = s
        false += sum(s.new_source for s in search.sources)
        for one in truth:
            got = by_name.get(one.name)
            if got is None:
                missing += one.rate > 20
            elif one.rate > 20:
                pulls.append((got.intensity - one.rate) / got.intensity_error)
    outcome.numbers = {
        "trials": trials,
        "not found above 20 count/s": missing,
        "false": false,
        "listed twice": twice,
        "rate: mean deviation / error": float(np.mean(pulls)),
        "rate: spread / error": float(np.std(pulls)),
    }
    outcome.aim(missing == 0, "every bright source is found")
    outcome.aim(false == 0, "no false source")
    outcome.aim(twice == 0, "none is listed twice")
    outcome.aim(_honest(np.std(pulls), len(pulls)), "errors of rates are honest")
    return outcome


def power_laws(trials: int, seed: int = 5) -> Outcome:
    """Slopes of power laws from spectra over two Science Windows with the engine's response."""
    outcome = Outcome("power laws, fitted with the engine's own response")
    random = np.random.default_rng(seed)
    pulls = []
    for trial in range(trials):
        frame = fields.random_frame(random)
        index, rate = random.uniform(1.5, 3.2), 10 ** random.uniform(1.7, 2.6)
        one = fields.source("it", fields.random_place(frame, random, 0.3), rate, Spectrum(index))
        other = fields.source("other", fields.random_place(frame, random, 0.3), 100.0)
        targets = [Target(s.name, s.ra, s.dec) for s in (one, other)]
        events = fields.observed(fields.pointing(frame, 500.0), [one, other], 1000 * seed + trial)
        fitted, error = fitted_power_law(spectra(events, targets, ISGRI)[0])
        pulls.append((fitted - index) / error)
    within = float(np.mean(np.abs(pulls) < 3))
    outcome.numbers = {
        "trials": trials,
        "within 3 sigma": within,
        "mean deviation / error": float(np.mean(pulls)),
        "spread / error": float(np.std(pulls)),
    }
    outcome.aim(within >= 0.95, "the slope is within 3 sigma in 95 % of the trials")
    outcome.aim(_honest(np.std(pulls), trials), "errors of slopes are honest")
    return outcome


def fitted_power_law(
    spectrum: SourceSpectrum, band: tuple[float, float] = (20.0, 120.0)
) -> tuple[float, float]:
    """Slope and error of the power law that fits best by chi-square."""
    response = spectral_response(spectrum, isgri_response())
    edges, channels = response.energy_edges_kev, spectrum.channel_edges_kev
    inside = (channels[:-1] >= band[0]) & (channels[1:] <= band[1])
    folded = (response.redistribution * response.effective_area_cm2[:, None])[:, inside]
    # what is fainter than the noise needs no finer bins than the fit's
    rate, error = spectrum.rate[inside], spectrum.error[inside]

    def residuals(parameters: np.ndarray) -> np.ndarray:
        norm, index = parameters
        power = 1 - index
        photons = np.exp(norm) * 30.0**index * np.diff(edges**power) / power
        return np.asarray((photons @ folded - rate) / error)

    fit = least_squares(residuals, [np.log(1e-3), 2.0])
    covariance = np.linalg.inv(fit.jac.T @ fit.jac)
    return float(fit.x[1]), float(np.sqrt(covariance[1, 1]))


def variability(trials: int, seed: int = 6) -> Outcome:
    """A source that steps to another rate beside a constant one, in bins of 10 s."""
    outcome = Outcome("light curves: a step, and a constant source beside it")
    random = np.random.default_rng(seed)
    pulls, constant = [], []
    for trial in range(trials):
        frame = fields.random_frame(random)
        place, beside = (fields.random_place(frame, random, 0.3) for _ in range(2))
        rates = 10 ** random.uniform(1.0, 2.5, 2)
        other = fields.source("steady", beside, 80.0)
        halves = [
            fields.observed(
                fields.pointing(frame, 200.0, number),
                [fields.source("it", place, float(rate)), other],
                1000 * seed + 10 * trial + number,
            )
            for number, rate in enumerate(rates, start=1)
        ]
        targets = [Target("it", place.ra, place.dec), Target("steady", beside.ra, beside.dec)]
        it, steady = light_curves(
            fields.followed_by(*halves),
            targets,
            ISGRI,
            e_min_kev=BAND[0],
            e_max_kev=BAND[1],
            time_bin_s=10.0,
        )
        truth = np.where(it.time_ijd < halves[1].good_time.start_ijd, *rates)
        pulls += list((it.rate - truth) / it.error)
        constant += list((steady.rate - 80.0) / steady.error)
    outcome.numbers = {
        "trials": trials,
        "bins": len(pulls),
        "step: mean deviation / error": float(np.mean(pulls)),
        "step: spread / error": float(np.std(pulls)),
        "steady: mean deviation / error": float(np.mean(constant)),
        "steady: spread / error": float(np.std(constant)),
    }
    for name, values in (("step", pulls), ("steady source", constant)):
        outcome.aim(abs(np.mean(values)) < 5 / np.sqrt(len(values)), f"{name}: no bias")
        outcome.aim(_honest(np.std(values), len(values)), f"{name}: honest errors")
    return outcome


#: Every part, and how many trials the whole of it has.
SUITE: tuple[tuple[Callable[[int], Outcome], int], ...] = (
    (single_sources, 150),
    (empty_fields, 100),
    (very_bright_sources, 10),
    (crowded_fields, 10),
    (power_laws, 40),
    (variability, 20),
)


def _honest(spread: float, count: int) -> bool:
    """Whether a spread of deviations in units of their errors is near 1, for so many of them."""
    slack = 3 / np.sqrt(2 * max(count - 1, 1))
    return bool(HONEST[0] - slack < spread < HONEST[1] + slack)


def _nodded(frame: SpacecraftFrame, random: np.random.Generator) -> SpacecraftFrame:
    """The attitude a degree or two away."""
    axes = frame.matrix()
    across, up = random.uniform(-0.03, 0.03, 2)
    return SpacecraftFrame.from_vectors(axes[0] + across * axes[1] + up * axes[2], axes[2])


def _others(
    sources: Sequence[Source], ra: float, dec: float, frame: SpacecraftFrame
) -> list[Source]:
    """Those that are not at that position."""
    place = fields.Place(ra, dec, 1.0)
    return [s for s in sources if fields.apart_deg(frame, place, s.ra, s.dec) > 0.15]


def main() -> int:
    """Run all of it; 1 where an aim is missed."""
    missed = 0
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    for part, trials in SUITE:
        began = time.monotonic()
        outcome = part(max(1, round(trials * share)))
        print(f"\n{outcome.part} ({time.monotonic() - began:.0f} s)", flush=True)
        for name, value in outcome.numbers.items():
            print(f"  {name:<34}{value:>10.4g}", flush=True)
        for words in outcome.missed:
            print(f"  MISSED: {words}", flush=True)
        missed += len(outcome.missed)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
