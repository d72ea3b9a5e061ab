"""The demonstration's own files take the way of everybody's."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command

from archive.catalogue import source_named
from archive.models import ObsCoreRow, Observation
from archive.selection import WithheldScienceWindowError, select
from auth.principal import ANONYMOUS
from fixtures.plan import SMALL_PLAN
from fixtures.simulate import simulate_archive

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="session")
def simulated(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("simulated")
    simulate_archive(root, plan=SMALL_PLAN, processes=1)
    return root


def test_a_simulated_archive_is_ingested_whole(simulated: Path, settings, capsys):
    settings.VO_ARCHIVE_ROOT = simulated

    call_command("ingest", str(simulated))
    call_command("consistency_check", "--checksums", verbosity=0)
    call_command("ingest", str(simulated))

    told = capsys.readouterr().out.splitlines()
    assert told == [
        "8 Science Windows loaded, 0 unchanged, 2 catalogues or observation tables updated, "
        "0 bad and skipped",
        "Files and tables agree.",
        "0 Science Windows loaded, 8 unchanged, 0 catalogues or observation tables updated, "
        "0 bad and skipped",
    ]
    assert set(ObsCoreRow.objects.values_list("obs_collection", flat=True)) == {"INTEGRAL-SIM"}
    assert Observation.objects.count() == 2
    crab = source_named("Crab")
    assert crab is not None
    assert len(select(principal=ANONYMOUS, ra=crab.ra, dec=crab.dec, radius=10.0)) == 6
    cygnus = source_named("Cyg X-1")
    assert cygnus is not None
    with pytest.raises(WithheldScienceWindowError):
        select(principal=ANONYMOUS, ra=cygnus.ra, dec=cygnus.dec, radius=10.0)
    embargoed = ObsCoreRow.objects.filter(data_rights="proprietary")
    assert set(embargoed.values_list("obs_release_date", flat=True)) == {
        datetime(2099, 1, 1, tzinfo=UTC)
    }
    assert embargoed.count() == 2
