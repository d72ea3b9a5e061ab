"""The observing plan: what an ingest writes into it, and what the standard asks of it."""

from importlib import import_module
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from strangers_archive import write_science_window

from adql.schema import Catalogue
from archive.ingest.service import ingest
from archive.models import Observation, ObsPlanRow
from archive.obsplan import enter_observation
from archive.tables import published_schemas

pytestmark = pytest.mark.django_db

POINTING = "066500330010"
# ObsLocTAP 1.0, table 4: name, unit, utype, UCD
COLUMNS = """
t_planning|d||
target_name||Target.name|meta.id;src
obs_id||DataID.observationID|meta.id
obs_collection||DataID.collection|meta.id
s_ra|deg|Char.SpatialAxis.Coverage.Location.Coord.Position2D.Value2.C1|pos.eq.ra
s_dec|deg|Char.SpatialAxis.Coverage.Location.Coord.Position2D.Value2.C2|pos.eq.dec
s_fov|deg|Char.SpatialAxis.Coverage.Bounds.Extent.diameter|phys.angSize;instr.fov
s_region||Char.SpatialAxis.Coverage.Support.Area|pos.outline;obs.field
s_resolution|arcsec|Char.SpatialAxis.Resolution.Refval.value|pos.angResolution
t_min|d|Char.TimeAxis.Coverage.Bounds.Limits.StartTime|time.start;obs.exposure
t_max|d|Char.TimeAxis.Coverage.Bounds.Limits.StopTime|time.end;obs.exposure
t_exptime|s|Char.TimeAxis.Coverage.Support.Extent|time.duration;obs.exposure
t_resolution|s|Char.TimeAxis.Resolution.Refval.value|time.resolution
em_min|m|Char.SpectralAxis.Coverage.Bounds.Limits.LoLimit|em.wl;stat.min
em_max|m|Char.SpectralAxis.Coverage.Bounds.Limits.HiLimit|em.wl;stat.max
em_res_power||Char.SpectralAxis.Resolution.ResolPower.refVal|spect.resolution
o_ucd||Char.ObservableAxis.ucd|meta.ucd
pol_states||Char.PolarizationAxis.stateList|meta.code;phys.polarization
pol_xel||Char.PolarizationAxis.numBins|meta.number
facility_name||Provenance.ObsConfig.Facility.name|meta.id;instr.tel
instrument_name||Provenance.ObsConfig.Instrument.name|meta.id;instr
t_plan_exptime|s|Char.TimeAxis.Coverage.Support.Extent|time.duration;obs.exposure
category|||
priority|||
execution_status|||
tracking_type|||
"""


def test_the_columns_are_those_of_the_standard():
    table = Catalogue(published_schemas()).table("ivoa.obsplan")
    assert table is not None
    assert table.utype == "ivo://ivoa.net/std/obsloctap#table-1.0"
    ours = [f"{c.name}|{c.unit or ''}|{c.utype or ''}|{c.ucd or ''}" for c in table.columns]
    assert ours == COLUMNS.split()
    assert all(column.std for column in table.columns)


def test_a_pointing_that_is_ingested_was_performed(archive_root: Path):
    write_science_window(archive_root)
    ingest([archive_root])

    row = ObsPlanRow.objects.get()
    window = row.science_window
    assert row.obs_id == POINTING == window.scw_id
    assert (row.execution_status, row.category, row.priority, row.tracking_type) == (
        "Performed",
        "Other",
        1,
        "Sidereal",
    )
    assert (row.s_ra, row.s_dec) == (window.ra_x, window.dec_x)
    assert (row.t_min, row.t_max) == (window.t_min, window.t_max)
    assert row.t_exptime == pytest.approx(800, abs=1e-3)
    assert row.s_region == window.s_region
    assert row.em_min < row.em_max
    now = timezone.now().timestamp() / 86400 + 40587
    assert row.t_planning == pytest.approx(now, abs=0.01)


def test_a_target_of_opportunity_is_hard_to_move(archive_root: Path):
    write_science_window(archive_root, changes={"OBS_TYPE": "TOO"})
    ingest([archive_root])
    assert ObsPlanRow.objects.get().priority == 2


@pytest.mark.parametrize("newest_first", [False, True])
def test_only_the_newest_version_of_a_pointing_counts(archive_root: Path, newest_first: bool):
    folders = [write_science_window(archive_root, f"{POINTING}.00{n}") for n in (1, 2)]
    for folder in reversed(folders) if newest_first else folders:
        ingest([folder])
    assert ObsPlanRow.objects.get().science_window_id == f"{POINTING}.002"


def test_an_observation_without_data_is_planned_until_they_come(archive_root: Path):
    write_science_window(archive_root)
    observation = Observation.objects.create(obs_id="88600010001", ra=83.6, dec=22.0)
    Observation.objects.create(obs_id="88600010002")
    for each in Observation.objects.all():
        enter_observation(each)
    planned = ObsPlanRow.objects.get(obs_id="88600010001")
    assert planned.execution_status == "Planned"
    assert (planned.s_ra, planned.s_dec, planned.t_min) == (83.6, 22.0, None)

    ingest([archive_root])
    enter_observation(observation)
    plan = ObsPlanRow.objects.order_by("obs_id").values_list("obs_id", "execution_status")
    assert list(plan) == [(POINTING, "Performed"), ("88600010002", "Planned")]


def test_an_observation_with_a_release_date_is_not_planned_any_more():
    observation = Observation.objects.create(obs_id="88600010001")
    enter_observation(observation)
    observation.release_date = timezone.now()
    enter_observation(observation)
    assert not ObsPlanRow.objects.exists()


def test_an_archive_from_before_is_filled_with_the_same_rows(archive_root: Path):
    write_science_window(archive_root, f"{POINTING}.001")
    write_science_window(archive_root, f"{POINTING}.002", changes={"OBS_TYPE": "TOO"})
    write_science_window(archive_root, "066500340010.001", changes={"ORIGIN": "Simulation"})
    ingest([archive_root])
    enter_observation(Observation.objects.create(obs_id="88600010002", ra=10.0, dec=20.0))
    ours = rows()
    assert len(ours) == 3

    ObsPlanRow.objects.all().delete()
    migration = import_module("archive.migrations.0003_fill_observing_plan")
    with connection.cursor() as cursor:
        for operation in migration.Migration.operations:
            cursor.execute(operation.sql)
    assert rows() == ours


def rows() -> list[dict[str, object]]:
    found = list(ObsPlanRow.objects.order_by("obs_id").values())
    for row in found:
        now = timezone.now().timestamp() / 86400 + 40587
        assert row.pop("t_planning") == pytest.approx(now, abs=0.01)
        del row["id"]
    return found
