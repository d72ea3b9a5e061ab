"""Whether 49 Science Windows and a new one are made of the 49's steps, by the real engine.

A mosaic of 50 Science Windows of a simulated field, then mosaics that each leave out the oldest
and take a new one: counted is which steps run that have not run before. Part of ``make soak``; a
smaller form, through jobs, is in the tests. In the Crab's field and in the crowded one of the
Galactic Centre nothing may run but the new one's steps and the mosaic.
"""

import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from engine_run import raw, run

from analysis.engines.coded_mask_engine import ENGINE
from analysis.engines.protocol import ImagePlan
from analysis.steps import RawFile, Step, in_order
from fixtures.plan import PLAN, Plan, Visit
from fixtures.simulate import simulate_archive
from instruments.isgri_files import EVENT_FILE

FIFTY = 50
SLIDES = 3
EXPECTED = {"events": 1, "shadowgram": 1, "sky_image": 1, "clean": 1, "mosaic": 2,
            "mosaic_sources": 1, "source_lists": 1, "preview": 1}  # fmt: skip


class Field:
    """Science Windows of one target, and what has been made of them, without cache or database."""

    def __init__(self, visit: Visit, folder: Path) -> None:
        many = FIFTY + SLIDES
        dithered = replace(
            visit,
            first_pointing=1,
            offsets=(visit.offsets * many)[:many],
            duration_s=100.0,
            jemx_units=(),
            jemx_pointings=0,
        )
        plan = Plan((dithered,))
        simulate_archive(folder / "archive", plan=plan, processes=2)
        self._folder = folder
        self._events = [
            raw(folder / "archive" / p.identifier.folder / EVENT_FILE, str(p.identifier))
            for p in plan.pointings()
        ]
        (path,) = (folder / "archive" / "cat" / "hec").glob("gnrl_refr_cat_*.fits")
        self._catalogue = raw(path, path.name)
        self._done: set[str] = set()

    def mosaic(self, first: int) -> Counter[str]:
        """Make a mosaic of fifty from that one on; the steps that had to run, by kind."""
        events = self._events[first : first + FIFTY]
        ran: Counter[str] = Counter()
        listed: Path | None = None
        for _ in range(2):
            for step in in_order(self._targets(events, listed)):
                if step.is_settled and step.identity not in self._done:
                    self._done.add(step.identity)
                    ran[step.kind.name] += 1
                    run(step, self._folder)
                if step.kind.name == "mosaic_sources":
                    listed = self._folder / step.identity / step.kind.file_name
        return ran

    def _targets(self, events: list[RawFile], listed: Path | None) -> tuple[Step, ...]:
        plan = ImagePlan(20, 40, 7)
        images = [ENGINE.image(file, self._catalogue, plan) for file in events]
        return ENGINE.mosaic(images, self._catalogue, plan, listed).all()


def main() -> int:
    """Tell what runs; 1 where a field shares less than it should."""
    missed = 0
    visits = {visit.observation.target: visit for visit in PLAN.visits}
    for target in ("Crab", "Galactic Centre"):
        with tempfile.TemporaryDirectory() as folder:
            field = Field(visits[target], Path(folder))
            print(f"{target}: the first {FIFTY} run {field.mosaic(0).total()} steps", flush=True)
            for slide in range(1, SLIDES + 1):
                ran = field.mosaic(slide)
                words = ", ".join(f"{kind} {number}" for kind, number in sorted(ran.items()))
                print(f"  49 and a new one: {ran.total()}: {words}", flush=True)
                missed += dict(ran) != EXPECTED
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
