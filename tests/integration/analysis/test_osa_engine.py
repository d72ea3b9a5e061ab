"""Jobs with engine=osa, from parameters to products, against executables of the tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fake_osa
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from django.db import connection

from analysis import executors
from analysis.engines.osa import installation as osa
from analysis.products.spectrum import read_spectrum
from uws.errors import InvalidParametersError

Job = Callable[..., Any]


@pytest.fixture
def root(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Executables that speak OSA's protocol, on the Science Windows of the archive."""
    root, repository, samples = (tmp_path / name for name in ("osa", "rep", "samples"))
    samples.mkdir()
    fake_osa.make_samples(samples)
    fake_osa.install(root, repository, [], samples)
    (repository / "scw").symlink_to(archive / "scw")
    for name in osa.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VO_OSA_ROOT", str(root))
    monkeypatch.setenv("VO_OSA_REP_BASE_PROD", str(repository))
    osa.software_digest.cache_clear()
    # processes that run steps know the environment that they were started in
    monkeypatch.setattr(executors, "_warm", {})
    yield root
    osa.software_digest.cache_clear()


def test_jobs_give_what_osa_makes_and_say_so(root: Path, job: Job, crab_scws: list[str]) -> None:
    done = job("isgri_image", scw_list=tuple(crab_scws[:2]), engine="osa")
    assert done.steps("main done").count("osa_image") == 2
    sources = Table.read(done.results["sources"], format="votable")
    assert list(sources["name"]) == ["Crab", "NEW_1"]
    with fits.open(done.results["mosaic"], checksum=True) as mosaic:
        assert mosaic[0].header["ENGINE"] == "osa"
        assert np.nanmax(mosaic[2].data) == 165.0
        entity = mosaic[0].header["PROVENT"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT g.name FROM provenance.lineage l"
            " JOIN provenance.was_generated_by w ON w.entity_id = l.ancestor"
            " JOIN provenance.was_associated_with a ON a.activity_id = w.activity_id"
            f" JOIN provenance.agent g ON g.id = a.agent_id WHERE l.descendant = '{entity}'"
        )
        agents = {name for (name,) in cursor.fetchall()}
        # what the calls don't say, OSA's own parameter files do: they are named
        cursor.execute(
            "SELECT DISTINCT f.name, f.location FROM provenance.lineage l"
            " JOIN provenance.was_generated_by w ON w.entity_id = l.ancestor"
            " JOIN provenance.was_configured_by c ON c.activity_id = w.activity_id"
            " JOIN provenance.config_file f ON f.id = c.config_file_id"
            f" WHERE l.descendant = '{entity}' AND c.artefact_type = 'Configfile' ORDER BY 1"
        )
        assert cursor.fetchall() == [
            ("ibis_science_analysis.par", "pfiles/ibis_science_analysis.par"),
            ("og_create.par", "pfiles/og_create.par"),
        ]
    assert "OSA 11.2" in agents, agents
    again = job("isgri_image", scw_list=tuple(crab_scws[:2]), engine="osa")
    assert again.steps("main done") == []

    made = job("isgri_spectrum", scw_list=crab_scws[0], src_name="Crab", engine="osa")
    crab = read_spectrum(made.results["spectrum_1"])
    assert (crab.source.name, len(crab.rate)) == ("Crab", 64)
    made = job("isgri_lc", scw_list=crab_scws[0], src_name="Crab", engine="osa")
    with fits.open(made.results["lightcurve_1"]) as curve:
        assert curve[1].header["NAME"] == "Crab"
    called = {call["executable"] for call in fake_osa.calls(root)}
    assert {"spe_pick", "lc_pick", "src_collect"} <= called


@pytest.mark.usefixtures("archive")
def test_without_osa_the_job_is_refused_when_it_is_asked_for(
    job: Job, crab_scws: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in osa.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InvalidParametersError, match="engine 'osa' is not installed here"):
        job("isgri_image", scw_list=crab_scws[0], engine="osa")
