"""From event files, as other programs write them, to shadowgrams."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from strangers_archive import AXES, write_science_window

from analysis.engines.coded_mask.isgri import select_events
from analysis.errors import (
    AnalysisError,
    EfficiencyNotComputed,
    NoISGRIEvents,
    ScWDataCorrupted,
)
from instruments.isgri import EnergyBandError

SCW = "066500330010.001"


def written(archive: Path, **changes) -> Path:
    """The event file of a Science Window that a stranger wrote."""
    return write_science_window(archive, SCW, **changes) / "isgri_events.fits.gz"


def columns(count: int, **changes) -> dict[str, np.ndarray]:
    """Events in the middle of the band and of the detector, but for the changes."""
    start = 2000.0 + 33 * 0.02
    values = {
        "TIME": np.full(count, start + 500 / 86400),
        "ISGRI_ENERGY": np.full(count, 30.0),
        "DETY": np.full(count, 10),
        "DETZ": np.full(count, 20),
        "RISE_TIME": np.full(count, 50),
        "SELECT_FLAG": np.zeros(count, dtype=int),
    }
    return {**values, **{name: np.asarray(value) for name, value in changes.items()}}


def test_events_in_the_band_are_counted_in_their_pixels(tmp_path) -> None:
    energies = [19.99, 20.0, 39.99, 40.0, 25.0]
    path = written(
        tmp_path,
        columns=columns(5, ISGRI_ENERGY=energies, DETY=[3, 3, 4, 4, 3], DETZ=[7, 7, 8, 8, 7]),
    )
    shadowgram = select_events(path, SCW, 20.0, 40.0)
    assert shadowgram.counts.sum() == 3
    assert (shadowgram.counts[3, 7], shadowgram.counts[4, 8]) == (2, 1)
    assert shadowgram.counts.shape == (130, 134)


@pytest.mark.parametrize(
    "unusable",
    [
        {"RISE_TIME": [50, 15, 117, 16, 116]},
        {"SELECT_FLAG": [0, 1, 3, 0, 0]},
        {"DETY": [10, 64, 65, 10, 10]},
    ],
)
def test_events_that_are_not_to_be_used_are_left_out(tmp_path, unusable) -> None:
    shadowgram = select_events(written(tmp_path, columns=columns(5, **unusable)), SCW, 20, 40)
    assert shadowgram.counts.sum() == 3


def test_the_good_time_is_the_union_of_the_intervals(tmp_path) -> None:
    start = 2000.0 + 33 * 0.02
    times = start + np.array([50, 150, 250, 450, 600, 950]) / 86400
    path = written(
        tmp_path,
        columns=columns(6, TIME=times),
        # one inside another, two that overlap, not in order
        gti=[(500, 800), (100, 300), (120, 200), (700, 900)],
    )
    shadowgram = select_events(path, SCW, 20.0, 40.0)
    assert shadowgram.counts.sum() == 3
    assert shadowgram.ontime_s == pytest.approx(600.0, abs=1e-3)
    # LIVETIME / ONTIME in the file is 800 / 1000
    assert shadowgram.livetime_s == pytest.approx(480.0, abs=1e-3)
    assert shadowgram.t_start_ijd == pytest.approx(start + 100 / 86400)
    assert shadowgram.t_stop_ijd == pytest.approx(start + 900 / 86400)


def test_attitude_band_and_resolution_are_those_of_the_file(tmp_path) -> None:
    shadowgram = select_events(written(tmp_path, event_changes={"ERESFWHM": 0.09}), SCW, 20.0, 60.0)
    assert shadowgram.frame.ra_x == AXES["RA_SCX"]
    assert shadowgram.frame.dec_z == AXES["DEC_SCZ"]
    assert (shadowgram.e_min_kev, shadowgram.e_max_kev) == (20.0, 60.0)
    assert shadowgram.energy_resolution_fwhm == 0.09
    assert shadowgram.science_window == SCW


@pytest.mark.parametrize("turned", [False, True], ids=["NAXIS1 is DETZ", "NAXIS1 is DETY"])
def test_pixel_state_in_the_file_is_used(tmp_path, turned) -> None:
    state = np.ones((130, 134), dtype=np.float32)
    state[:, 40:60] = 0.5
    state[5, 5] = 0.0
    extension = fits.ImageHDU(state.T if turned else state, name="ISGR-EFFI-SHD")
    shadowgram = select_events(written(tmp_path, extra=[extension]), SCW, 20.0, 200.0)
    assert shadowgram.efficiency[5, 5] == 0
    assert shadowgram.efficiency[10, 50] == 0.5
    assert shadowgram.efficiency[10, 10] == 1
    assert shadowgram.efficiency[64, 10] == 0
    assert shadowgram.usable_pixels == 16383


def test_without_pixel_state_off_and_noisy_pixels_are_found(tmp_path) -> None:
    random = np.random.default_rng(1)
    count = 400_000
    rows = random.choice(np.setdiff1d(np.arange(130), [64, 65]), count)
    cols = random.choice(np.setdiff1d(np.arange(134), [32, 33, 66, 67, 100, 101]), count)
    kept = ~((rows >= 20) & (rows < 24) & (cols >= 40) & (cols < 44))
    rows[:2000], cols[:2000], kept[:2000] = 90, 90, True
    path = written(tmp_path, columns=columns(kept.sum(), DETY=rows[kept], DETZ=cols[kept]))
    efficiency = select_events(path, SCW, 20.0, 40.0).efficiency
    assert efficiency[20:24, 40:44].max() < 0.05
    assert efficiency[90, 90] == 0
    assert efficiency.sum() == pytest.approx(16384 - 17, abs=2)


def test_no_event_in_the_band_is_a_failure_of_its_own(tmp_path) -> None:
    path = written(tmp_path)
    with pytest.raises(NoISGRIEvents, match=r"066500330010.001.*no good event from 700 to 800"):
        select_events(path, SCW, 700.0, 800.0)


def test_no_good_time_is_a_failure_of_its_own(tmp_path) -> None:
    path = written(tmp_path, gti=[(500, 500)])
    with pytest.raises(NoISGRIEvents, match="no good time"):
        select_events(path, SCW, 20.0, 40.0)


def test_a_detector_that_is_off_is_a_failure_of_its_own(tmp_path) -> None:
    extension = fits.ImageHDU(np.zeros((130, 134), dtype=np.float32), name="ISGR-EFFI-SHD")
    path = written(tmp_path, extra=[extension])
    with pytest.raises(EfficiencyNotComputed):
        select_events(path, SCW, 20.0, 200.0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"event_changes": {"LIVETIME": None}}, "LIVETIME"),
        ({"event_changes": {"RA_SCZ": None}}, "RA_SCZ"),
        ({"event_changes": {"DEC_SCZ": 80.0}}, "90 deg apart"),
        ({"event_changes": {"SWID": "066500340010"}}, "066500340010"),
        ({"columns": {"RISE_TIME": None}}, "RISE_TIME"),
        ({"columns": columns(3, DETY=[0, 130, 5])}, "beside the detector"),
        ({"extra": [fits.ImageHDU(np.ones((128, 128)), name="ISGR-EFFI-SHD")]}, "ISGR-EFFI-SHD"),
    ],
)
def test_a_file_that_lacks_something_says_what(tmp_path, changes, said) -> None:
    path = written(tmp_path, **changes)
    with pytest.raises(ScWDataCorrupted, match=said) as failure:
        select_events(path, SCW, 20.0, 40.0)
    assert SCW in str(failure.value)
    assert str(tmp_path) not in str(failure.value)


def test_a_file_that_is_cut_short_is_reported_as_damaged(tmp_path) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ScWDataCorrupted) as failure:
        select_events(path, SCW, 20.0, 40.0)
    assert str(tmp_path) not in str(failure.value)


def test_a_band_that_makes_no_image_is_refused(tmp_path) -> None:
    with pytest.raises(EnergyBandError):
        select_events(tmp_path / "none.fits", SCW, 40.0, 20.0)


def test_a_failure_survives_the_way_between_processes() -> None:
    import pickle

    failure = NoISGRIEvents("nothing.", science_window=SCW, step="select_events")
    copy = pickle.loads(pickle.dumps(failure))  # noqa: S301
    assert isinstance(copy, AnalysisError)
    assert str(copy) == str(failure)
    assert copy.science_window == SCW
