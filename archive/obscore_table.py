"""``ivoa.obscore`` as it is published: ObsCore 1.1's columns, and ours.

Datatypes, units, UCDs and utypes are those of ObsCore 1.1, appendix C, with erratum 1's UCDs. All
mandatory columns are principal (appendix C).
"""

from dataclasses import replace

from adql.schema import Column, SpaceSystem, Table, TimeSystem

#: The table's utype, by which registries find such tables.
TABLE_UTYPE = "ivo://ivoa.net/std/obscore#table-1.1"

#: Names whose stored columns have an index.
INDEXED = frozenset(
    {
        "dataproduct_type",
        "obs_id",
        "obs_publisher_did",
        "target_name",
        "s_ra",
        "s_dec",
        "s_region",
        "t_min",
        "t_max",
        "scw",
        "revolution",
    }
)

ICRS = SpaceSystem("ICRS")
#: MJD of INTEGRAL's own clock, which stands in the spacecraft.
MJD_UTC = TimeSystem("UTC", "MJD-origin", "TOPOCENTER")
#: What positions and times are counted from, by name.
SYSTEMS: dict[str, SpaceSystem | TimeSystem] = {
    "s_ra": ICRS,
    "s_dec": ICRS,
    "s_region": ICRS,
    "t_min": MJD_UTC,
    "t_max": MJD_UTC,
}


def _column(
    name: str, datatype: str, unit: str | None, utype: str, ucd: str, description: str, **more: str
) -> Column:
    """A mandatory column of the standard."""
    is_array = datatype == "char" or "xtype" in more
    return Column(
        name,
        datatype,
        arraysize="*" if is_array else None,
        unit=unit,
        ucd=ucd,
        utype=f"obscore:{utype}",
        description=description,
        principal=True,
        indexed=name in INDEXED,
        std=True,
        xtype=more.get("xtype"),
        source=more.get("source"),
        system=SYSTEMS.get(name),
    )


def _optional(
    name: str, datatype: str, unit: str | None, utype: str, ucd: str, description: str, **more: str
) -> Column:
    """An optional column of the standard."""
    return replace(_column(name, datatype, unit, utype, ucd, description, **more), principal=False)


def obscore(access_url: str, data_rights: str) -> Table:
    """The table, given the SQL expressions of the two columns that are made from others."""
    return Table(
        schema="ivoa",
        name="obscore",
        source="archive_obscore",
        utype=TABLE_UTYPE,
        description=(
            "Every file that this server publishes, as ObsCore 1.1 describes data: event lists of "
            "Science Windows and the images, spectra, light curves and source lists made of them. "
            "A row is one file."
        ),
        columns=(
            *_WHAT,
            _column(
                "access_url",
                "char",
                None,
                "Access.reference",
                "meta.ref.url",
                "URL of the file",
                source=access_url,
            ),
            *_FILE,
            *_SPACE,
            *_TIME,
            *_ENERGY,
            *_OBSERVABLE,
            *_ORIGIN,
            _optional(
                "data_rights",
                "char",
                None,
                "Curation.rights",
                "meta.code",
                "Who may read it: public, secure (whoever has signed in) or proprietary (its "
                "owner, until obs_release_date)",
                source=data_rights,
            ),
            *_OURS,
        ),
    )


_WHAT = (
    _column(
        "dataproduct_type",
        "char",
        None,
        "ObsDataset.dataProductType",
        "meta.code.class",
        "Kind of product: event, image, spectrum, timeseries or measurements (a source list)",
    ),
    _column(
        "calib_level",
        "int",
        None,
        "ObsDataset.calibLevel",
        "meta.code;obs.calib",
        "How far the data are processed: 1 events, 2 calibrated, 3 combined, 4 derived",
    ),
    _column(
        "obs_collection",
        "char",
        None,
        "DataID.collection",
        "meta.id",
        "Collection; INTEGRAL-SIM holds simulated data only",
    ),
    _column(
        "obs_id",
        "char",
        None,
        "DataID.observationID",
        "meta.id",
        "What belongs together: the twelve digits of a Science Window, or one identifier per "
        "analysis job",
    ),
    _column(
        "obs_publisher_did",
        "char",
        None,
        "Curation.publisherDID",
        "meta.ref.ivoid",
        "Identifier of the file in the Virtual Observatory, and of its provenance entity",
    ),
)

_FILE = (
    _column(
        "access_format",
        "char",
        None,
        "Access.format",
        "meta.code.mime",
        "Media type of the file",
    ),
    _column(
        "access_estsize",
        "long",
        "kbyte",
        "Access.size",
        "phys.size;meta.file",
        "Size of the file",
    ),
    _column(
        "target_name",
        "char",
        None,
        "Target.name",
        "meta.id;src",
        "What was observed",
    ),
)

_SPACE = (
    _column(
        "s_ra",
        "double",
        "deg",
        "Char.SpatialAxis.Coverage.Location.Coord.Position2D.Value2.C1",
        "pos.eq.ra",
        "Right ascension of the centre, ICRS",
    ),
    _column(
        "s_dec",
        "double",
        "deg",
        "Char.SpatialAxis.Coverage.Location.Coord.Position2D.Value2.C2",
        "pos.eq.dec",
        "Declination of the centre, ICRS",
    ),
    _column(
        "s_fov",
        "double",
        "deg",
        "Char.SpatialAxis.Coverage.Bounds.Extent.diameter",
        "phys.angSize;instr.fov",
        "Diameter of the smallest circle around the field",
    ),
    _column(
        "s_region",
        "char",
        None,
        "Char.SpatialAxis.Coverage.Support.Area",
        "pos.outline;obs.field",
        "Field of view in the spacecraft's roll, ICRS; for ISGRI the 29 x 29 deg of the partially "
        "coded field",
        xtype="adql:REGION",
    ),
    _column(
        "s_resolution",
        "double",
        "arcsec",
        "Char.SpatialAxis.Resolution.Refval.value",
        "pos.angResolution",
        "Angular resolution (FWHM)",
    ),
    _column(
        "s_xel1",
        "long",
        None,
        "Char.SpatialAxis.numBins1",
        "meta.number",
        "Pixels along the first spatial axis; -1 for lists",
    ),
    _column(
        "s_xel2",
        "long",
        None,
        "Char.SpatialAxis.numBins2",
        "meta.number",
        "Pixels along the second spatial axis; -1 for lists",
    ),
    _optional(
        "s_pixel_scale",
        "double",
        "arcsec",
        "Char.SpatialAxis.Sampling.RefVal.SamplingPeriod",
        "phys.angSize;instr.pixel",
        "Size of an image pixel",
    ),
    _optional(
        "s_calib_status",
        "char",
        None,
        "Char.SpatialAxis.calibrationStatus",
        "meta.code.qual",
        "Calibration of positions",
    ),
)

_TIME = (
    _column(
        "t_min",
        "double",
        "d",
        "Char.TimeAxis.Coverage.Bounds.Limits.StartTime",
        "time.start;obs.exposure",
        "Start, MJD (UTC)",
    ),
    _column(
        "t_max",
        "double",
        "d",
        "Char.TimeAxis.Coverage.Bounds.Limits.StopTime",
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
        "t_xel",
        "long",
        None,
        "Char.TimeAxis.numBins",
        "meta.number",
        "Bins along the time axis; -1 for lists",
    ),
    _optional(
        "t_calib_status",
        "char",
        None,
        "Char.TimeAxis.calibrationStatus",
        "meta.code.qual",
        "Calibration of times",
    ),
)

_ENERGY = (
    _column(
        "em_min",
        "double",
        "m",
        "Char.SpectralAxis.Coverage.Bounds.Limits.LoLimit",
        "em.wl;stat.min",
        "Shortest wavelength in vacuum (highest energy)",
    ),
    _column(
        "em_max",
        "double",
        "m",
        "Char.SpectralAxis.Coverage.Bounds.Limits.HiLimit",
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
        "em_xel",
        "long",
        None,
        "Char.SpectralAxis.numBins",
        "meta.number",
        "Energy bands; -1 for lists",
    ),
    _optional(
        "em_calib_status",
        "char",
        None,
        "Char.SpectralAxis.calibrationStatus",
        "meta.code.qual",
        "Calibration of energies",
    ),
)

_OBSERVABLE = (
    _column(
        "o_ucd",
        "char",
        None,
        "Char.ObservableAxis.ucd",
        "meta.ucd",
        "UCD of what was measured; NULL for event lists",
    ),
    _optional(
        "o_unit",
        "char",
        None,
        "Char.ObservableAxis.unit",
        "meta.unit",
        "Unit of what was measured",
    ),
    _optional(
        "o_calib_status",
        "char",
        None,
        "Char.ObservableAxis.calibrationStatus",
        "meta.code.qual",
        "Calibration of what was measured",
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
)

_ORIGIN = (
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
        "Instrument: IBIS/ISGRI, JEM-X 1, JEM-X 2 or SPI-ACS",
    ),
    _optional(
        "dataproduct_subtype",
        "char",
        None,
        "ObsDataset.dataProductSubtype",
        "meta.code.class",
        "Kind of product in more detail",
    ),
    _optional(
        "target_class",
        "char",
        None,
        "Target.class",
        "src.class",
        "Class of what was observed",
    ),
    _optional(
        "obs_title",
        "char",
        None,
        "DataID.title",
        "meta.title;obs",
        "What this file is, in a line",
    ),
    _optional(
        "obs_creation_date",
        "char",
        None,
        "DataID.date",
        "time;meta.dataset",
        "When the file was made, UTC",
        xtype="timestamp",
    ),
    _optional(
        "obs_creator_name",
        "char",
        None,
        "DataID.creator",
        "meta.id",
        "Who made the file",
    ),
    _optional(
        "proposal_id",
        "char",
        None,
        "Provenance.Proposal.identifier",
        "meta.id;obs.proposal",
        "Proposal that asked for the observation",
    ),
    _optional(
        "obs_release_date",
        "char",
        None,
        "Curation.releaseDate",
        "time.release",
        "When it becomes or became public, UTC; NULL: not planned",
        xtype="timestamp",
    ),
)

_OURS = (
    Column(
        "scw",
        "char",
        arraysize="*",
        ucd="meta.id;obs",
        description="Science Window RRRRPPPPSSSF.VVV; NULL where a file joins several",
        indexed=True,
    ),
    Column(
        "revolution",
        "int",
        ucd="meta.number;obs",
        description="Revolution of the spacecraft; NULL where a file joins several",
        indexed=True,
    ),
)
