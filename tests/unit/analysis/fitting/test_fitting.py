"""Fits: what was put in comes out, with errors that are true."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.votable import parse_single_table
from real_products import needs_real_data, real
from sample_spectra import COVERAGE, CRAB, sample_response

from analysis.fitting.errors import FitNotConverged, NoResponseFound, TooFewChannels
from analysis.fitting.folding import fit_data
from analysis.fitting.minimising import fit
from analysis.fitting.models import MODELS
from analysis.fitting.picture import draw_fit
from analysis.fitting.result_votable import write_fit_votable
from analysis.fitting.results import FitResult, write_fit
from analysis.products.detectors import ISGRI, JEMX_1
from analysis.products.responses import read_ancillary_response, read_redistribution_matrix
from analysis.products.spectrum import Spectrum, read_spectrum, spectrum

ARF, RMF = sample_response()
#: A model's shape and norm, of about a Crab.
TRUTHS = {
    "powerlaw": (2.1, 9.0),
    "bknpower": (1.8, 90.0, 2.6, 3.0),
    "cutoffpl": (1.3, 80.0, 0.6),
    "bbody": (14.0, 1.5),
}


def folded(model: str, truth: tuple[float, ...]) -> np.ndarray:
    """count/s per channel of the sample response."""
    photons = truth[-1] * MODELS[model].photons(ARF.energy_low_kev, ARF.energy_high_kev, truth[:-1])
    return photons @ (ARF.area_cm2[:, None] * RMF.matrix)


def observed(
    model: str, truth: tuple[float, ...], seed: int | None = None, exposure_s: float = 20000.0
) -> Spectrum:
    """The spectrum of a source with that model: exact, or with noise of its background."""
    rate = folded(model, truth)
    background = 200.0 * (RMF.e_max_kev - RMF.e_min_kev) / RMF.e_min_kev
    error = np.sqrt((np.maximum(rate, 0) + background) / exposure_s)
    noise = 0.0 if seed is None else np.random.default_rng(seed).normal(0, error)
    return spectrum(ISGRI, CRAB, rate + noise, error, RMF.e_min_kev, RMF.e_max_kev, COVERAGE)


@pytest.mark.parametrize("model", MODELS)
def test_a_spectrum_without_noise_gives_back_its_model(model) -> None:
    truth = TRUTHS[model]
    data = fit_data(observed(model, truth), ARF, RMF, 30.0, 300.0)
    found = fit(data, MODELS[model], 30.0, 300.0)
    assert found.chi2 == pytest.approx(0.0, abs=0.01)
    for value, expected in zip(found.parameters, truth, strict=True):
        assert value.value == pytest.approx(expected, rel=5e-3, abs=0.1 * value.error)
    assert found.degrees_of_freedom == len(data.rate) - len(truth)
    assert found.probability == pytest.approx(1.0)
    assert found.messages == ()


def test_the_flux_is_that_of_the_model() -> None:
    found = fit(
        fit_data(observed("powerlaw", (2.0, 10.0)), ARF, RMF, 30.0, 300.0),
        MODELS["powerlaw"],
        30.0,
        300.0,
    )
    assert found.photon_flux.value == pytest.approx(10 * (1 / 30 - 1 / 300), rel=1e-3)
    assert found.energy_flux.value == pytest.approx(10 * math.log(10) * 1.602176634e-9, rel=1e-3)
    assert 0 < found.energy_flux.error < 0.1 * found.energy_flux.value


@pytest.mark.parametrize("model", ["powerlaw", "cutoffpl"])
def test_errors_are_true_pulls_of_noisy_spectra_are_standard_normal(model) -> None:
    truth = TRUTHS[model]
    trials = 60
    pulls = []
    for seed in range(trials):
        data = fit_data(observed(model, truth, seed), ARF, RMF, 30.0, 300.0)
        found = fit(data, MODELS[model], 30.0, 300.0)
        pulls.append(
            [(p.value - t) / p.error for p, t in zip(found.parameters, truth, strict=True)]
        )
    means, spreads = np.mean(pulls, axis=0), np.std(pulls, axis=0, ddof=1)
    # four standard deviations of a mean and of a spread over so many trials
    assert (np.abs(means) < 4 / math.sqrt(trials)).all(), means
    assert (np.abs(spreads - 1) < 4 / math.sqrt(2 * trials)).all(), spreads
    slopes = np.abs(np.array(pulls)[:, 0])
    assert (slopes < 3).mean() >= 0.95


def test_chi_square_is_as_large_as_it_should_be() -> None:
    values = []
    for seed in range(40):
        data = fit_data(observed("powerlaw", (2.1, 9.0), seed), ARF, RMF, 30.0, 300.0)
        found = fit(data, MODELS["powerlaw"], 30.0, 300.0)
        values.append(found.chi2)
    freedom = found.degrees_of_freedom
    assert np.mean(values) == pytest.approx(freedom, abs=4 * math.sqrt(2 * freedom / 40))


def test_the_covariance_is_that_of_xspecs_parameters() -> None:
    data = fit_data(observed("powerlaw", (2.1, 9.0), 1), ARF, RMF, 30.0, 300.0)
    found = fit(data, MODELS["powerlaw"], 30.0, 300.0)
    covariance = np.array(found.covariance)
    np.testing.assert_allclose(
        np.sqrt(np.diag(covariance)), [p.error for p in found.parameters], rtol=1e-9
    )
    # a steeper law through the same photons has more of them at 1 keV
    correlation = covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1])
    assert 0.9 < correlation < 1.0
    index = found["PhoIndex"]
    assert index.error_low == pytest.approx(index.error, rel=0.05)
    assert index.error_high == pytest.approx(index.error, rel=0.05)
    assert found["norm"].unit == "photon/(keV.cm2.s)"


def test_jemx_spectra_are_fitted_too() -> None:
    arf, rmf = sample_response(JEMX_1, channels=32)
    photons = 10.0 * MODELS["powerlaw"].photons(arf.energy_low_kev, arf.energy_high_kev, (2.1,))
    rate = photons @ (arf.area_cm2[:, None] * rmf.matrix)
    error = np.sqrt(rate / 1000)
    seen = spectrum(JEMX_1, CRAB, rate, error, rmf.e_min_kev, rmf.e_max_kev, COVERAGE)
    low, high = JEMX_1.fit_range_kev
    found = fit(fit_data(seen, arf, rmf, low, high), MODELS["powerlaw"], low, high)
    assert found["PhoIndex"].value == pytest.approx(2.1, rel=1e-3)


class TestRange:
    """Which channels are fitted."""

    def test_bins_lie_within_the_range_whole(self) -> None:
        data = fit_data(observed("powerlaw", (2.1, 9.0)), ARF, RMF, 30.0, 300.0)
        assert data.e_low_kev.min() >= 30.0 * 0.9999
        assert data.e_high_kev.max() <= 300.0 * 1.0001
        assert len(data.rate) < len(RMF.e_min_kev)

    def test_bad_channels_are_left_out(self) -> None:
        seen = observed("powerlaw", (2.1, 9.0))
        quality = seen.quality.copy()
        quality[20] = 5
        rate = seen.rate.copy()
        rate[21] = np.nan
        whole = fit_data(seen, ARF, RMF, 30.0, 300.0)
        less = fit_data(replace(seen, quality=quality, rate=rate), ARF, RMF, 30.0, 300.0)
        assert len(less.rate) == len(whole.rate) - 2
        assert np.isfinite(less.rate).all()

    def test_bins_without_a_single_event_are_left_out_and_this_is_told(self) -> None:
        seen = observed("powerlaw", (2.1, 9.0), 2)
        rate = seen.rate.copy()
        rate[-20:] = 0.0
        data = fit_data(replace(seen, rate=rate), ARF, RMF, 30.0, 800.0)
        assert data.without_events == 20
        found = fit(data, MODELS["powerlaw"], 30.0, 800.0)
        assert abs(found["PhoIndex"].value - 2.1) < 4 * found["PhoIndex"].error
        assert found.messages == ("20 bins without a single event are left out",)

    def test_grouped_channels_are_one_bin(self) -> None:
        seen = observed("powerlaw", (2.1, 9.0))
        grouping = seen.grouping.copy()
        grouping[1::2] = -1
        joined = fit_data(replace(seen, grouping=grouping), ARF, RMF, 15.0, 800.0)
        single = fit_data(seen, ARF, RMF, 15.0, 800.0)
        assert len(joined.rate) == len(single.rate) // 2
        assert joined.rate.sum() == pytest.approx(single.rate.sum())
        assert joined.error[0] == pytest.approx(math.hypot(*single.error[:2]))
        assert (joined.e_low_kev[0], joined.e_high_kev[0]) == (
            single.e_low_kev[0],
            single.e_high_kev[1],
        )
        found = fit(joined, MODELS["powerlaw"], 15.0, 800.0)
        assert found["PhoIndex"].value == pytest.approx(2.1, rel=1e-3)

    def test_systematic_errors_add_in_quadrature(self) -> None:
        seen = observed("powerlaw", (2.1, 9.0))
        more = replace(seen, sys_err=np.full_like(seen.rate, 0.03))
        plain, wide = (fit_data(s, ARF, RMF, 30.0, 300.0) for s in (seen, more))
        np.testing.assert_allclose(wide.error, np.hypot(plain.error, 0.03 * plain.rate))

    def test_a_matrix_that_holds_the_area_needs_no_other(self) -> None:
        full = replace(RMF, matrix=ARF.area_cm2[:, None] * RMF.matrix)
        seen = observed("powerlaw", (2.1, 9.0))
        np.testing.assert_allclose(
            fit_data(seen, None, full, 30.0, 300.0).response,
            fit_data(seen, ARF, RMF, 30.0, 300.0).response,
        )


class TestFailures:
    """What can't be fitted is said."""

    def test_another_spectrums_matrix(self) -> None:
        _, other = sample_response(channels=32)
        with pytest.raises(NoResponseFound, match="32 channels, the spectrum 64"):
            fit_data(observed("powerlaw", (2.1, 9.0)), ARF, other, 30.0, 300.0)

    def test_an_area_of_other_energies(self) -> None:
        other, _ = sample_response(bins=200)
        with pytest.raises(NoResponseFound, match="different energies"):
            fit_data(observed("powerlaw", (2.1, 9.0)), other, RMF, 30.0, 300.0)

    def test_too_few_good_bins(self) -> None:
        data = fit_data(observed("powerlaw", (2.1, 9.0)), ARF, RMF, 30.0, 38.0)
        with pytest.raises(
            TooFewChannels, match=r"TooFewChannels: 2 good bins .* bknpower has 4 parameters"
        ):
            fit(data, MODELS["bknpower"], 30.0, 38.0)

    def test_a_response_that_counts_nothing(self) -> None:
        blind = replace(RMF, matrix=np.zeros_like(RMF.matrix))
        data = fit_data(observed("powerlaw", (2.1, 9.0)), ARF, blind, 30.0, 300.0)
        with pytest.raises(FitNotConverged, match="counts no photon"):
            fit(data, MODELS["powerlaw"], 30.0, 300.0)

    def test_no_minimum_is_an_error_that_tells_where_it_stopped(self) -> None:
        data = fit_data(observed("powerlaw", (2.1, 9.0)), ARF, RMF, 30.0, 300.0)
        # a rate that no number compares with: the statistic is flat
        broken = replace(data, rate=np.full_like(data.rate, np.nan))
        with pytest.raises(FitNotConverged, match=r"FitNotConverged: powerlaw: .*stopped at"):
            fit(broken, MODELS["powerlaw"], 30.0, 300.0)

    def test_a_parameter_at_its_limit_is_told(self) -> None:
        data = fit_data(observed("powerlaw", (2.1, 9.0)), ARF, RMF, 30.0, 300.0)
        found = fit(data, MODELS["cutoffpl"], 30.0, 300.0)
        assert any("HighECut" in message and "limit" in message for message in found.messages)


@pytest.fixture(scope="module")
def result() -> FitResult:
    data = fit_data(observed("cutoffpl", TRUTHS["cutoffpl"], 3), ARF, RMF, 30.0, 300.0)
    return fit(data, MODELS["cutoffpl"], 30.0, 300.0)


class TestFiles:
    """JSON, FITS, VOTable, picture."""

    def test_json_says_all_and_comes_back(self, result) -> None:
        text = result.to_json(source="Crab", instrument="IBIS/ISGRI")
        assert FitResult.from_json(text) == result
        read = json.loads(text)
        assert read["source"] == "Crab"
        assert [p["name"] for p in read["parameters"]] == ["PhoIndex", "HighECut", "norm"]

    def test_fits_is_whole_and_the_same_each_time(self, result, tmp_path) -> None:
        path = tmp_path / "fit.fits"
        for _ in range(2):
            write_fit(path, result, [("OBJECT", "Crab", "Source")])
            written = path.read_bytes()
        write_fit(path, result, [("OBJECT", "Crab", "Source")])
        assert path.read_bytes() == written
        with fits.open(path, checksum=True) as hdus:
            hdus.verify("exception")
            table = hdus["FIT-PARAMETERS"].data
            assert list(table["PARAMETER"]) == ["PhoIndex", "HighECut", "norm"]
            assert table["VALUE"][0] == result["PhoIndex"].value
            assert np.isnan(table["ERROR_LOW"][2])
            assert hdus[0].header["MODEL"] == "cutoffpl"
            assert hdus[0].header["CHI2"] == result.chi2
            covariance = hdus["FIT-COVARIANCE"].data
            assert covariance["norm"][0] == result.covariance[0][2]
            assert len(hdus["FIT-BINS"].data) == len(result.bins.rate)
            assert all(hdu.header["OBJECT"] == "Crab" for hdu in hdus)

    def test_the_votable_has_a_row_per_parameter(self, result, tmp_path) -> None:
        write_fit_votable(tmp_path / "fit.vot", result)
        table = parse_single_table(tmp_path / "fit.vot").to_table()
        assert list(table["parameter"]) == ["PhoIndex", "HighECut", "norm"]
        assert table["value"][1] == result["HighECut"].value
        assert table["unit"][1] == "keV"
        assert bool(table["error_low"].mask[2])

    def test_the_picture_is_the_same_each_time(self, result, tmp_path) -> None:
        for name in ("a.png", "b.png"):
            draw_fit(tmp_path / name, result, title="Crab $x_1$", notice="Simulated")
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
        assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@needs_real_data
@pytest.mark.parametrize(
    ("folder", "stem", "expected"),
    [
        ("isgri_spectra_lc", "IBIS", 1.99),
        ("jemx", "JMX1", 2.13),
        ("jemx", "JMX2", 1.99),
    ],
)
def test_the_afterglow_of_grb_221009a_is_a_power_law_of_index_two(folder, stem, expected) -> None:
    """Real spectra with the mission's own responses; three instruments agree within their errors.

    The expected values are what this fit gives; no value of another program's is at hand.
    """
    files = {
        part: real(f"{folder}/{stem}_{part}_GRB221009A.fits") for part in ("spectrum", "arf", "rmf")
    }
    seen = read_spectrum(files["spectrum"])
    low, high = seen.detector.fit_range_kev
    data = fit_data(
        seen,
        read_ancillary_response(files["arf"]),
        read_redistribution_matrix(files["rmf"]),
        low,
        high,
    )
    found = fit(data, MODELS["powerlaw"], low, high)
    index = found["PhoIndex"]
    assert index.value == pytest.approx(expected, abs=0.02)
    assert abs(index.value - 2.0) < 2 * index.error
    assert found.probability > 0.05


@needs_real_data
def test_1a_0535_is_steep() -> None:
    seen = read_spectrum(real("isgri_spectra_lc/phaI.fits.gz"))
    data = fit_data(
        seen,
        read_ancillary_response(real("isgri_spectra_lc/arf.fits.gz")),
        read_redistribution_matrix(real("isgri_spectra_lc/rmf.fits.gz")),
        30.0,
        300.0,
    )
    found = fit(data, MODELS["powerlaw"], 30.0, 300.0)
    assert found["PhoIndex"].value == pytest.approx(3.14, abs=0.02)
    assert found["PhoIndex"].error == pytest.approx(0.18, abs=0.02)
    assert found.probability > 0.05
