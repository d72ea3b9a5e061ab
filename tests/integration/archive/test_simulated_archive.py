"""The demonstration's own files take the way of everybody's."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command

from archive.catalogue import source_named
from archive.models import ObsCoreRow, Observation
from archive.selection import WithheldScienceWindowError, select
from auth.principal import ANONYMOUS

pytestmark = pytest.mark.django_db


def test_a_simulated_archive_is_ingested_whole(small_archive: Path, settings, capsys):
    settings.VO_ARCHIVE_ROOT = small_archive

    call_command("ingest", str(small_archive))
    call_command("consistency_check", "--checksums", verbosity=0)
    call_command("ingest", str(small_archive))

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
    assert embargoed.filter(dataproduct_type="event").count() == 2
    assert embargoed.filter(instrument_name="SPI-ACS").count() == 2
    rows = ObsCoreRow.objects.filter(data_rights="public")
    assert Counter(rows.values_list("instrument_name", "dataproduct_type")) == {
        ("IBIS/ISGRI", "event"): 6,
        ("JEM-X 1", "event"): 3,
        ("JEM-X 2", "event"): 3,
        ("SPI-ACS", "timeseries"): 6,
    }
    for kind, count in (("jmx1_events", 3), ("jmx2_events", 3), ("spi_acs_rates", 6)):
        found = select(principal=ANONYMOUS, ra=crab.ra, dec=crab.dec, radius=10.0, kind=kind)
        assert len(found) == count
        assert all(record.event_file.path.name.startswith(kind) for record in found)
        assert all(0 < record.live_time_s <= record.good_time_s <= 100.1 for record in found)
