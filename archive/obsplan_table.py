"""``ivoa.obsplan`` as it is published: the columns of ObsLocTAP 1.0 (tables 2 and 3), no others."""

from adql.schema import Column, Table
from archive.obscore_table import MJD_UTC, SYSTEMS

#: The standard's identifier of such a table (section 5).
TABLE_UTYPE = "ivo://ivoa.net/std/obsloctap#table-1.0"

#: Columns whose own expression or name has an index.
_INDEXED = frozenset(
    {
        "t_planning",
        "target_name",
        "obs_id",
        "s_ra",
        "s_dec",
        "s_region",
        "t_min",
        "t_max",
    }
)
_AXIS = "Char.SpatialAxis"
_LIMITS = "Coverage.Bounds.Limits"


def _column(
    name: str, datatype: str, unit: str | None, utype: str | None, ucd: str | None, description: str
) -> Column:
    return Column(
        name,
        datatype,
        arraysize="*" if datatype == "char" else None,
        xtype="adql:REGION" if name == "s_region" else None,
        unit=unit,
        ucd=ucd,
        utype=utype,
        description=description,
        principal=True,
        indexed=name in _INDEXED,
        std=True,
        system=MJD_UTC if name == "t_planning" else SYSTEMS.get(name),
    )


OBSPLAN = Table(
    schema="ivoa",
    name="obsplan",
    source="archive_obsplan",
    utype=TABLE_UTYPE,
    description=(
        "The observing plan, as ObsLocTAP 1.0 describes it. A row is a pointing that was "
        "performed, or an observation that is planned and has no pointing yet."
    ),
    columns=(
        _column(
            "t_planning",
            "double",
            "d",
            None,
            None,
            "When this row was added or changed last, MJD (UTC)",
        ),
        _column("target_name", "char", None, "Target.name", "meta.id;src", "What is observed"),
        _column(
            "obs_id",
            "char",
            None,
            "DataID.observationID",
            "meta.id",
            "The twelve digits of a pointing, as in ivoa.obscore, or a planned observation's "
            "identifier, as in integral.observation",
        ),
        _column(
            "obs_collection",
            "char",
            None,
            "DataID.collection",
            "meta.id",
            "Collection; INTEGRAL-SIM was never observed, but simulated",
        ),
        _column(
            "s_ra",
            "double",
            "deg",
            f"{_AXIS}.Coverage.Location.Coord.Position2D.Value2.C1",
            "pos.eq.ra",
            "Right ascension of the pointing axis, ICRS; of the target where only planned",
        ),
        _column(
            "s_dec",
            "double",
            "deg",
            f"{_AXIS}.Coverage.Location.Coord.Position2D.Value2.C2",
            "pos.eq.dec",
            "Declination of the pointing axis, ICRS; of the target where only planned",
        ),
        _column(
            "s_fov",
            "double",
            "deg",
            f"{_AXIS}.Coverage.Bounds.Extent.diameter",
            "phys.angSize;instr.fov",
            "Diameter of the smallest circle around the field",
        ),
        _column(
            "s_region",
            "char",
            None,
            f"{_AXIS}.Coverage.Support.Area",
            "pos.outline;obs.field",
            "ISGRI's field of view in the spacecraft's roll, ICRS; NULL where only planned",
        ),
        _column(
            "s_resolution",
            "double",
            "arcsec",
            f"{_AXIS}.Resolution.Refval.value",
            "pos.angResolution",
            "Angular resolution (FWHM)",
        ),
        _column(
            "t_min",
            "double",
            "d",
            f"Char.TimeAxis.{_LIMITS}.StartTime",
            "time.start;obs.exposure",
            "Start, MJD (UTC)",
        ),
        _column(
            "t_max",
            "double",
            "d",
            f"Char.TimeAxis.{_LIMITS}.StopTime",
            "time.end;obs.exposure",
            "Stop, MJD (UTC)",
        ),
        _column(
            "t_exptime",
            "double",
            "s",
            "Char.TimeAxis.Coverage.Support.Extent",
            "time.duration;obs.exposure",
            "Good time of the exposure, dead time taken off",
        ),
        _column(
            "t_resolution",
            "double",
            "s",
            "Char.TimeAxis.Resolution.Refval.value",
            "time.resolution",
            "Resolution in time",
        ),
        _column(
            "em_min",
            "double",
            "m",
            f"Char.SpectralAxis.{_LIMITS}.LoLimit",
            "em.wl;stat.min",
            "Shortest wavelength in vacuum (highest energy)",
        ),
        _column(
            "em_max",
            "double",
            "m",
            f"Char.SpectralAxis.{_LIMITS}.HiLimit",
            "em.wl;stat.max",
            "Longest wavelength in vacuum (lowest energy)",
        ),
        _column(
            "em_res_power",
            "double",
            None,
            "Char.SpectralAxis.Resolution.ResolPower.refVal",
            "spect.resolution",
            "Resolving power E/FWHM",
        ),
        _column(
            "o_ucd", "char", None, "Char.ObservableAxis.ucd", "meta.ucd", "UCD of what is measured"
        ),
        _column(
            "pol_states",
            "char",
            None,
            "Char.PolarizationAxis.stateList",
            "meta.code;phys.polarization",
            "Polarisation states; NULL: none measured",
        ),
        _column(
            "pol_xel",
            "long",
            None,
            "Char.PolarizationAxis.numBins",
            "meta.number",
            "Number of polarisation states",
        ),
        _column(
            "facility_name",
            "char",
            None,
            "Provenance.ObsConfig.Facility.name",
            "meta.id;instr.tel",
            "Spacecraft",
        ),
        _column(
            "instrument_name",
            "char",
            None,
            "Provenance.ObsConfig.Instrument.name",
            "meta.id;instr",
            "Instrument that the field and the energies are of; the others observe with it",
        ),
        _column(
            "t_plan_exptime",
            "double",
            "s",
            "Char.TimeAxis.Coverage.Support.Extent",
            "time.duration;obs.exposure",
            "Exposure that was planned; NULL: not known",
        ),
        _column(
            "category",
            "char",
            None,
            None,
            None,
            "Fixed, Coordinated, Window or Other; Other also where nothing is known",
        ),
        _column(
            "priority",
            "int",
            None,
            None,
            None,
            "0 easily shifted, 1 ordinary, 2 hard to move, such as a target of opportunity",
        ),
        _column("execution_status", "char", None, None, None, "Planned or Performed"),
        _column(
            "tracking_type",
            "char",
            None,
            None,
            None,
            "Sidereal: the pointing keeps its place on the sky",
        ),
    ),
)
