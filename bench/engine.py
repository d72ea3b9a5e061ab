"""How fast the engine ``coded_mask`` is on one core, per Science Window of 300 000 events.

Run it by ``make bench`` or by itself. Steps are measured as the graph runs them, from file to file,
each in a process of its own with one thread. What counts is the processor time, which other work on
the machine hardly changes; beside it stand the time by the clock and the peak of memory.
"""

import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
# one core is what is measured, and what each process of an analysis is given
os.environ.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")})

import numpy as np  # noqa: E402
import simulated_fields as fields  # noqa: E402

from analysis.engines import coded_mask_extraction_steps as extraction_steps  # noqa: E402
from analysis.engines import coded_mask_steps as steps  # noqa: E402
from analysis.engines.coded_mask import storage  # noqa: E402
from analysis.engines.coded_mask.extraction import Target  # noqa: E402
from analysis.engines.coded_mask.targets import targets_as_parameter  # noqa: E402
from analysis.steps import Parameter, StepInputs, StepKind  # noqa: E402
from fixtures.archive_writer import (  # noqa: E402
    REFERENCE_CATALOGUE_FILE,
    write_reference_catalogue,
    write_science_window,
)
from fixtures.simulator import simulate  # noqa: E402

SOURCES = 10
EVENTS = 300_000
MOSAIC_OF = 50
TIMES = 3
BAND: dict[str, Parameter] = {"e_min_kev": 20.0, "e_max_kev": 40.0}
ISGRI: dict[str, Parameter] = {"instrument": "isgri"}


def _measured(
    kind: StepKind,
    inputs: dict[str, tuple[Path, ...]],
    parameters: dict[str, Parameter],
    output: Path,
    answer: Connection,
) -> None:
    """Run a step some times; tell the median time and the process's peak of memory."""
    durations = []
    elapsed = []
    for _ in range(TIMES):
        began, begun = time.process_time(), time.perf_counter()
        kind.run(StepInputs(inputs), parameters, output, lambda message: None)
        durations.append(time.process_time() - began)
        elapsed.append(time.perf_counter() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer.send((statistics.median(durations), statistics.median(elapsed), peak))


class Bench:
    """Runs steps, tells what they took, and counts aims that were missed."""

    def __init__(self) -> None:
        self.missed = 0

    def step(
        self,
        kind: StepKind,
        inputs: dict[str, tuple[Path, ...]],
        parameters: dict[str, Parameter],
        output: Path,
        what: str = "",
    ) -> float:
        """Seconds that the step took."""
        # forked: the process has what an analysis's processes have, and its peak is its own
        context = multiprocessing.get_context("fork")
        receiving, sending = context.Pipe(duplex=False)
        process = context.Process(
            target=_measured, args=(kind, inputs, parameters, output, sending)
        )
        process.start()
        seconds, elapsed, peak = receiving.recv()
        process.join()
        more = f"peak {peak:5.0f} MB, by the clock {elapsed * 1e3:.0f} ms"
        self.tell(f"  {kind.name}{what}", seconds, more)
        return float(seconds)

    def tell(self, what: str, seconds: float, more: str = "") -> None:
        """A line of the table."""
        print(f"{what:<52}{seconds * 1e3:>9.0f} ms  {more}", flush=True)

    def aim(self, what: str, seconds: float, limit_s: float) -> None:
        """A line of the table with an aim."""
        met = seconds <= limit_s
        self.missed += not met
        self.tell(what, seconds, f"aim {limit_s:g} s: {'met' if met else 'MISSED'}")


def main() -> int:
    """Measure; 1 where an aim is missed."""
    load = os.getloadavg()[0]
    print(f"load {load:.1f} on {os.cpu_count()} processors, NumPy {np.__version__}\n")
    with tempfile.TemporaryDirectory() as folder:
        return _bench(Path(folder))


def _bench(root: Path) -> int:
    random = np.random.default_rng(1)
    frame = fields.random_frame(random)
    sources = [
        fields.source(f"S{n}", fields.random_place(frame, random, 0.3), float(rate))
        for n, rate in enumerate(np.geomspace(15, 120, SOURCES))
    ]
    at = fields.pointing(frame, 300.0)
    per_second = len(simulate(at, sources, 1).events) / 300.0
    at = fields.pointing(frame, EVENTS / per_second)
    window = simulate(at, sources, 1)
    print(f"{len(window.events)} events, {SOURCES} sources, {at.duration_s:.0f} s\n")
    write_science_window(root, window, "bench")
    write_reference_catalogue(root, sources)
    raw = root / at.identifier.folder / "isgri_events.fits.gz"
    catalogue = root / REFERENCE_CATALOGUE_FILE
    bench = Bench()

    events, shadowgram, image = (root / f"{name}.fits" for name in ("events", "shadow", "image"))
    scw: dict[str, Parameter] = {**ISGRI, "scw": str(at.identifier)}
    read = bench.step(steps.EVENTS, {"events": (raw,)}, scw, events)
    counted = bench.step(steps.SHADOWGRAM, {"events": (events,)}, {**ISGRI, **BAND}, shadowgram)
    found = bench.step(
        steps.SKY_IMAGE, {"shadowgram": (shadowgram,), "catalogue": (catalogue,)}, ISGRI, image
    )
    bench.aim("image of a Science Window, from its event file", read + counted + found, 0.7)

    wanted = targets_as_parameter([Target(s.name, s.ra, s.dec) for s in sources])
    bench.aim(
        f"spectra of {SOURCES} sources in 256 channels",
        bench.step(
            extraction_steps.SPECTRA,
            {"events": (events,)},
            {**ISGRI, "sources": wanted},
            root / "spectra.fits",
        ),
        1.0,
    )
    bench.aim(
        f"light curves of {SOURCES} sources in bins of 100 s",
        bench.step(
            extraction_steps.LIGHT_CURVES,
            {"events": (events,)},
            {**ISGRI, **BAND, "sources": wanted, "time_bin_s": 100.0},
            root / "light_curves.fits",
        ),
        1.0,
    )
    images = _dithered(root, storage.read_sky_image(image))
    seconds = bench.step(
        steps.MOSAIC, {"image": images}, ISGRI, root / "mosaic.fits", f" of {MOSAIC_OF}"
    )
    bench.aim(f"mosaic of {MOSAIC_OF} Science Windows", seconds, 5.0)
    return int(bench.missed > 0)


def _dithered(root: Path, image: storage.SkyImage) -> tuple[Path, ...]:
    """Images like one, with pointings as a dither has them."""
    from dataclasses import replace

    paths = []
    for number in range(MOSAIC_OF):
        row, column = divmod(number % 25, 5)
        plane = image.plane
        ra = plane.ra_deg + 2.17 * (column - 2) / np.cos(np.radians(plane.dec_deg))
        moved = replace(plane, ra_deg=ra % 360, dec_deg=plane.dec_deg + 2.17 * (row - 2))
        path = root / f"image{number}.fits"
        storage.write_sky_image(
            path,
            replace(
                image,
                plane=moved,
                science_window=f"07000{number:03}0010.001",
                t_start_ijd=image.t_start_ijd + number,
            ),
        )
        paths.append(path)
    return tuple(paths)


if __name__ == "__main__":
    sys.exit(main())
