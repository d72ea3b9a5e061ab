"""The engine's whole chain, from Science Windows to products, against executables of the tests."""

import os
import time
from dataclasses import replace
from pathlib import Path

import fake_osa
import numpy as np
import pytest

from analysis.engines.osa import commands, logs, running
from analysis.engines.osa.observation_group import OsaNotInstalled
from analysis.engines.osa.running import run
from analysis.engines.osa_engine import ENGINE
from analysis.engines.protocol import (
    ExtractionPlan,
    FoundSources,
    ImagePlan,
    ImagingEngine,
    LightCurvePlan,
    SpectralEngine,
    TimingEngine,
)
from analysis.errors import NoScWData, ScWDataCorrupted
from analysis.products.catalogue_source import CatalogueSource
from analysis.steps import in_order

PLAN = ImagePlan(20.0, 40.0, 7.0, title="Mosaic")
WANTED = (CatalogueSource("Crab", 83.633, 22.014),)


def executables(root: Path) -> list[str]:
    """What was called, in order."""
    return [str(call["executable"]) for call in fake_osa.calls(root)]


def test_it_offers_all_that_an_engine_may() -> None:
    for protocol in (ImagingEngine, SpectralEngine, TimingEngine):
        assert isinstance(ENGINE, protocol)


def test_images_are_made_one_by_one_and_joined(root, events, made) -> None:
    images = [ENGINE.image(raw, None, PLAN) for raw in events]
    steps = ENGINE.mosaic(images, None, PLAN)
    files = made()
    maps = ENGINE.read_mosaic(files.of(steps.mosaic))
    assert maps.plane.shape == (40, 40)
    assert maps.livetime_s == 3000.0
    assert np.nanmax(maps.intensity) == 165.0
    assert np.isnan(maps.intensity[0, 0]), "what was not seen is no number"
    best, new = ENGINE.read_sources(files.of(steps.sources))
    assert (best.name, best.significance, best.new_source) == ("Crab", 147.0, False)
    # the catalogue's position was kept: RA_FIN = DEC_FIN = 0
    assert (best.ra, best.dec) == pytest.approx((83.63, 22.01), abs=1e-4)
    assert (new.name, new.new_source) == ("NEW_1", True)
    assert (new.ra, new.intensity) == (pytest.approx(84.51), 7.0)
    assert files.of(steps.preview).read_bytes().startswith(b"\x89PNG")
    single = ENGINE.read_sources(files.of(images[0]))
    assert [row.scw for row in single] == [events[0].label] * 2
    lists = ENGINE.read_sources(files.of(steps.window_sources))
    assert [row.scw for row in lists] == [raw.label for raw in events for _ in range(2)]
    assert executables(root) == ["og_create", "ibis_science_analysis"] * 3
    assert len(in_order(steps.all())) == 6


def test_every_call_has_a_group_of_its_own_and_osas_environment(root, events, made) -> None:
    made().of(ENGINE.image(events[0], None, PLAN))
    for call in fake_osa.calls(root):
        assert call["group"] != os.getpgid(0)
        environment = call["environment"]
        assert environment["ISDC_INITIALISED"] == "yes", "isdc_init_env.sh was read"
        assert environment["COMMONSCRIPT"] == "1"
        assert "DATABASE_URL" not in environment
    assert [call["folder"] for call in fake_osa.calls(root)] == [".", "obs/vo"]


def test_the_same_step_gives_the_same_bytes_although_osa_writes_dates(root, events, made) -> None:
    image = ENGINE.image(events[0], None, PLAN)
    assert made().of(image).read_bytes() == made().of(image).read_bytes()
    plan = ExtractionPlan("isgri", WANTED)
    spectra = ENGINE.spectra(events[:1], None, None, plan)
    summed = ENGINE.summed_spectra(spectra, None, plan)
    assert made().of(summed).read_bytes() == made().of(summed).read_bytes()


def test_spectra_come_with_their_responses(root, events, made) -> None:
    plan = ExtractionPlan("isgri", (CatalogueSource("B", 80.0, 20.0), *WANTED))
    parts = ENGINE.spectra(events, None, None, plan)
    found = ENGINE.read_spectra(made().of(ENGINE.summed_spectra(parts, None, plan)))
    assert [spectrum.name for spectrum in found] == ["B", "Crab"]
    assert found[0].science_windows == tuple(raw.label for raw in events)
    response = ENGINE.response(found[0], plan)
    assert response.redistribution.shape == (300, 64)
    assert len(response.effective_area_cm2) == 300
    assert len(found[0].rate) == 64
    picked = [
        c["parameters"]["source"] for c in fake_osa.calls(root) if c["executable"] == "spe_pick"
    ]
    assert picked == ["B", "Crab"]


def test_sources_of_the_mosaic_are_extracted_beside_those_wanted(root, events, made) -> None:
    images = [ENGINE.image(raw, None, PLAN) for raw in events]
    sources = FoundSources(ENGINE.mosaic(images, None, PLAN).sources, None)
    plan = ExtractionPlan("isgri", WANTED)
    parts = ENGINE.spectra(events, sources, None, plan)
    found = ENGINE.read_spectra(made().of(ENGINE.summed_spectra(parts, sources, plan)))
    assert [spectrum.name for spectrum in found] == ["Crab", "NEW_1"]


@pytest.mark.parametrize(
    ("time_bin_s", "called"),
    [
        (100.0, ["og_create", "ibis_science_analysis"]),
        (
            1.0,
            ["og_create", "ibis_science_analysis", "ibis_science_analysis", "ii_light"],
        ),
    ],
)
def test_short_bins_are_ii_lights(root, events, made, time_bin_s, called) -> None:
    plan = LightCurvePlan("isgri", WANTED, 28.0, 80.0, time_bin_s)
    parts = ENGINE.light_curves(events[:1], None, None, plan)
    joined = ENGINE.joined_light_curves(parts, None, plan)
    (curve,) = ENGINE.read_light_curves(made().of(joined))
    assert curve.name == "Crab"
    assert curve.science_windows == (events[0].label,)
    assert (curve.e_min_kev, curve.e_max_kev) == (28.0, 80.0)
    assert curve.width_s[0] == pytest.approx(0.025 * 86400)
    assert executables(root) == [*called, "og_create", "src_collect", "lc_pick"]


def test_jemx_bands_are_found_in_the_instruments_table(root, events, made) -> None:
    image = ENGINE.image(events[0], None, replace(PLAN, instrument="jemx1", e_min_kev=3.04))
    made().of(image)
    called = fake_osa.calls(root)[-1]
    assert called["executable"] == "jemx_science_analysis"
    # channels of 0.12 keV from 3.04 keV: the last that ends below 40 keV is the whole table's last
    given = called["parameters"]
    low, high = int(given["chanLow"]), int(given["chanHigh"])
    assert fake_osa.JEMX_EDGES[low] >= 3.04
    assert fake_osa.JEMX_EDGES[low] < 3.04 + 0.121
    assert high == 255


def test_the_users_own_catalogue_takes_the_place_of_the_sites(root, events, made) -> None:
    plan = replace(PLAN, selected=(CatalogueSource("Mine", 83.0, 21.0),))
    made().of(ENGINE.image(events[0], None, plan))
    catalogue = str(fake_osa.calls(root)[-1]["parameters"]["CAT_refCat"])
    assert catalogue.endswith("/selected.fits[1][ISGRI_FLAG>0]")
    other = replace(PLAN, selected=(CatalogueSource("Mine", 83.5, 21.0),))
    assert ENGINE.image(events[0], None, plan) != ENGINE.image(events[0], None, other)


def test_software_is_part_of_a_steps_identity(root, events) -> None:
    from analysis.engines.osa.installation import software_digest

    first = ENGINE.image(events[0], None, PLAN).identity
    (root / "bin" / "og_create").write_text("#!/bin/sh\n")
    software_digest.cache_clear()
    assert ENGINE.image(events[0], None, PLAN).identity != first


class TestFailures:
    """What goes wrong is told with Science Window and executable."""

    def test_words_of_osa(self, root, events, made) -> None:
        fake_osa.behave(
            root,
            ibis_science_analysis=(
                "Error_1: Can not open the new scw\n"
                "Error_2: Task ibis_science_analysis terminating with status -25504",
                0,
            ),
        )
        with pytest.raises(ScWDataCorrupted) as told:
            made().of(ENGINE.image(events[0], None, PLAN))
        assert told.value.science_window == events[0].label
        assert told.value.step == "ibis_science_analysis"

    def test_a_failed_status_counts_although_the_process_ended_well(
        self, root, events, made
    ) -> None:
        fake_osa.behave(root, og_create=("Error_2: Task og_create terminating with status -1", 0))
        with pytest.raises(logs.OsaFailed, match="status -1 of og_create"):
            made().of(ENGINE.image(events[0], None, PLAN))

    def test_warnings_are_told_to_the_jobs_owner(self, root, events, made) -> None:
        fake_osa.behave(root, ibis_science_analysis=("Warning_1: 12 pixels are noisy", None))
        files = made()
        files.of(ENGINE.image(events[0], None, PLAN))
        assert files.messages == [f"ibis_science_analysis {events[0].label}: 12 pixels are noisy"]

    def test_a_science_window_that_the_repository_lacks(self, root, events, made) -> None:
        (root.parent / "rep/scw/0102" / events[0].label / "swg.fits").unlink()
        with pytest.raises(NoScWData, match=r"swg\.fits is missing"):
            made().of(ENGINE.image(events[0], None, PLAN))

    def test_a_process_without_osas_settings(self, root, events, made, monkeypatch) -> None:
        image = ENGINE.image(events[0], None, PLAN)
        monkeypatch.delenv("VO_OSA_ROOT")
        with pytest.raises(OsaNotInstalled, match="missing: OSA's executables"):
            made().of(image)

    def test_a_call_without_end_is_ended_with_all_that_it_started(
        self, root, installed, tmp_path
    ) -> None:
        fake_osa.behave(root, og_create=("working", "hang"))
        (tmp_path / "work").mkdir()
        with pytest.raises(logs.OsaTimedOut, match="no end after 2 s"):
            run(
                replace(installed, timeout_s=2.0),
                commands.og_create(commands.INSTRUMENTS["isgri"]),
                tmp_path / "work",
                print,
            )
        grandchild = int((root / "grandchild").read_text())
        for _ in range(50):
            if not _alive(grandchild):
                break
            time.sleep(0.1)
        assert not _alive(grandchild)

    def test_only_the_end_of_an_endless_log_is_read(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(running, "_MOST_LOG_BYTES", 10)
        path = tmp_path / "log"
        path.write_text("x" * 100 + "the end")
        assert running._end_of(path) == "xxxthe end"


def _alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be told of doesn't."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
