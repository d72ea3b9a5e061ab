"""Rates of simulated sources come back unbiased: pulls of enough of them to tell."""

from pathlib import Path

import numpy as np

from analysis.engines.coded_mask.isgri import isgri_camera, select_events
from analysis.engines.coded_mask.source_fit import SourceFit
from fixtures.archive_writer import write_science_window
from fixtures.plan import SMALL_PLAN, Pointing
from fixtures.simulator import simulate
from fixtures.sky import SKY
from instruments.isgri_files import EVENT_FILE

BAND = (20.0, 40.0)
#: With 20 pulls from each the mean's error is 0.065: the limit of 0.2 is three of that.
SEEDS = range(12)


def pulls_of(pointing: Pointing, root: Path) -> np.ndarray:
    """(measured - true) / error of each source in the field, found or not."""
    events = root / pointing.identifier.folder / EVENT_FILE
    fit = SourceFit(select_events(events, str(pointing.identifier), *BAND), isgri_camera())
    seen = [
        (source.intensity(*BAND, pointing.start_ijd), place)
        for source in SKY
        if (place := fit.direction(source.ra, source.dec)) is not None
    ]
    fitted = fit.intensities([place for _, place in seen])
    return (fitted.intensity - np.array([rate for rate, _ in seen])) / fitted.intensity_error


def test_pulls_of_injected_sources_have_mean_zero_and_width_one(tmp_path: Path) -> None:
    pulls = []
    for seed in SEEDS:
        root = tmp_path / str(seed)
        for pointing in SMALL_PLAN.pointings():
            write_science_window(root, simulate(pointing, SKY, seed), "of ISGRI alone")
            pulls.append(pulls_of(pointing, root))
    values = np.concatenate(pulls)
    assert len(values) >= 225
    assert abs(values.mean()) < 0.2
    assert 0.85 < values.std() < 1.15
