"""What this room publishes: two tables of schema ``ivoa`` and those of ``integral``."""

from django.conf import settings

from adql.schema import Column, ForeignKey, Schema, Table, TimeSystem
from archive.obscore_table import ICRS, MJD_UTC, obscore
from archive.obsplan_table import OBSPLAN

#: SQL of a row's rights now: an embargo ends by itself.
_RIGHTS_NOW = (
    "CASE WHEN data_rights = 'proprietary' AND {release} <= now() THEN 'public' "
    "ELSE data_rights END"
)

#: IJD: days of TT since 2000-01-01T00:00, in the spacecraft
_IJD = TimeSystem("TT", "2451544.5", "TOPOCENTER")


def published_schemas() -> tuple[Schema, ...]:
    """Schemas ``ivoa`` and ``integral``; addresses in them start with SITE_URL."""
    return (
        Schema(
            "ivoa",
            "Tables of the International Virtual Observatory Alliance's standards",
            (obscore(_access_url(), _RIGHTS_NOW.format(release="obs_release_date")), OBSPLAN),
        ),
        Schema(
            "integral",
            "The INTEGRAL mission: Science Windows, observations, sources, files",
            (_SCIENCE_WINDOWS, _OBSERVATIONS, _SOURCES, _products()),
        ),
    )


def _access_url() -> str:
    """SQL expression of a file's URL."""
    return f"{_literal(settings.SITE_URL + '/products/')} || product_id"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(name: str, description: str, ucd: str | None = None, **more: object) -> Column:
    return Column(name, "char", arraysize="*", ucd=ucd, description=description, **more)  # type: ignore[arg-type]


def _time(name: str, description: str, ucd: str) -> Column:
    return Column(name, "char", "*", "timestamp", ucd=ucd, description=description)


def _number(name: str, unit: str | None, description: str, ucd: str, **more: object) -> Column:
    return Column(name, "double", unit=unit, ucd=ucd, description=description, **more)  # type: ignore[arg-type]


_SCIENCE_WINDOWS = Table(
    schema="integral",
    name="scw",
    source="archive_sciencewindow",
    description="Science Windows: pointings, slews and engineering periods, each in one version",
    columns=(
        _text(
            "scw",
            "Science Window RRRRPPPPSSSF.VVV",
            "meta.id;meta.main",
            principal=True,
            indexed=True,
        ),
        _text("scw_id", "The twelve digits, keyword SWID", "meta.id", indexed=True),
        Column(
            "scw_version",
            "short",
            ucd="meta.version",
            description="Version of the data: 0 near real time, from 1 consolidated",
        ),
        _text("scw_type", "POINTING, SLEW or ENGINEERING", "meta.code.class", principal=True),
        Column(
            "revolution",
            "int",
            ucd="meta.number",
            description="Revolution of the spacecraft",
            principal=True,
            indexed=True,
        ),
        _text(
            "obs_id",
            "Observation that it belongs to (integral.observation)",
            "meta.id;obs",
            principal=True,
            indexed=True,
        ),
        _text("obs_type", "Type of the observation", "meta.code.class;obs"),
        _text("target_name", "What was observed, keyword OBJECT", "meta.id;src", principal=True),
        _number(
            "ra_x",
            "deg",
            "Right ascension of the pointing axis X, ICRS",
            "pos.eq.ra;meta.main",
            principal=True,
            indexed=True,
            system=ICRS,
        ),
        _number(
            "dec_x",
            "deg",
            "Declination of the pointing axis X, ICRS",
            "pos.eq.dec;meta.main",
            principal=True,
            indexed=True,
            system=ICRS,
        ),
        _number("ra_z", "deg", "Right ascension of axis Z, ICRS", "pos.eq.ra", system=ICRS),
        _number("dec_z", "deg", "Declination of axis Z, ICRS", "pos.eq.dec", system=ICRS),
        _number("start_ijd", "d", "Start, IJD (TT)", "time.start", system=_IJD),
        _number("stop_ijd", "d", "Stop, IJD (TT)", "time.end", system=_IJD),
        _number(
            "t_min",
            "d",
            "Start, MJD (UTC)",
            "time.start",
            system=MJD_UTC,
            principal=True,
            indexed=True,
        ),
        _number(
            "t_max",
            "d",
            "Stop, MJD (UTC)",
            "time.end",
            system=MJD_UTC,
            principal=True,
            indexed=True,
        ),
        _number("elapsed_s", "s", "Elapsed time", "time.duration"),
        _number(
            "good_isgri", "s", "Good time of ISGRI", "time.duration;obs.exposure", principal=True
        ),
        _number(
            "live_isgri", "s", "Good time of ISGRI less dead time", "time.duration;obs.exposure"
        ),
        _number(
            "good_jemx1", "s", "Good time of JEM-X 1; 0: no data", "time.duration;obs.exposure"
        ),
        _number(
            "good_jemx2", "s", "Good time of JEM-X 2; 0: no data", "time.duration;obs.exposure"
        ),
        _number(
            "good_spi_acs",
            "s",
            "Time with count rates of SPI-ACS; 0: no data",
            "time.duration;obs.exposure",
        ),
        Column(
            "event_count",
            "long",
            ucd="meta.number",
            description="Events in ISGRI's event list, good or not",
        ),
        Column(
            "is_public",
            "boolean",
            ucd="meta.code",
            description="Whether everybody may read its data",
            source="COALESCE(release_date <= now(), false)",
        ),
        _time("release_date", "When its data become or became public, UTC", "time.release"),
        Column(
            "is_simulated",
            "boolean",
            ucd="meta.code",
            description="Whether its data are simulated",
        ),
    ),
    foreign_keys=(ForeignKey("integral.observation", (("obs_id", "obs_id"),)),),
)

_OBSERVATIONS = Table(
    schema="integral",
    name="observation",
    source="archive_observation",
    description="Observations: the Science Windows of one target of one proposal",
    columns=(
        _text("obs_id", "AATPPPPOOOO", "meta.id;obs;meta.main", principal=True, indexed=True),
        _text("proposal_id", "Proposal", "meta.id;obs.proposal", principal=True),
        _text("pi_name", "Principal investigator", "meta.id.PI", principal=True),
        _text("title", "Title of the proposal", "meta.title;obs.proposal", principal=True),
        _text("obs_type", "Type of the observation", "meta.code.class"),
        _text("target_name", "What was observed", "meta.id;src", principal=True),
        # DEC is a reserved word of ADQL
        _number(
            "ra_obj",
            "deg",
            "Right ascension of the target, ICRS",
            "pos.eq.ra;src",
            source="ra",
            system=ICRS,
        ),
        _number(
            "dec_obj",
            "deg",
            "Declination of the target, ICRS",
            "pos.eq.dec;src",
            source="dec",
            system=ICRS,
        ),
        _time("release_date", "When its data become or became public, UTC", "time.release"),
        _text("comment", "What else to know", "meta.note"),
    ),
)

_SOURCES = Table(
    schema="integral",
    name="source",
    source="archive_source",
    description="The mission's reference catalogue of high-energy sources",
    columns=(
        _text("source_id", "Identifier in the catalogue", "meta.id;meta.main", indexed=True),
        _text("name", "Common name", "meta.id;src", principal=True, indexed=True),
        _text("source_class", "Class", "src.class", principal=True),
        _number(
            "ra_obj",
            "deg",
            "Right ascension, ICRS",
            "pos.eq.ra;meta.main",
            principal=True,
            indexed=True,
            source="ra",
            system=ICRS,
        ),
        _number(
            "dec_obj",
            "deg",
            "Declination, ICRS",
            "pos.eq.dec;meta.main",
            principal=True,
            indexed=True,
            source="dec",
            system=ICRS,
        ),
        _number("position_error", "deg", "Error radius", "stat.error;pos.eq"),
        _number("isgri_flux_1", "count/s", "ISGRI rate, 20-40 keV", "phot.count;em.X-ray.hard"),
        _number("isgri_flux_2", "count/s", "ISGRI rate, 40-80 keV", "phot.count;em.X-ray.hard"),
        Column(
            "isgri_flag",
            "int",
            ucd="meta.code",
            description="0: not seen by ISGRI; 1, 2, 5: seen, bright, very bright",
        ),
        _number("jemx_flux_1", "count/s", "JEM-X rate, 3-10 keV", "phot.count;em.X-ray.soft"),
        _number("jemx_flux_2", "count/s", "JEM-X rate, 10-30 keV", "phot.count;em.X-ray.hard"),
        Column(
            "jemx_flag",
            "int",
            ucd="meta.code",
            description="0: not seen by JEM-X; above: to be looked for",
        ),
    ),
)


def _products() -> Table:
    return Table(
        schema="integral",
        name="product",
        source="archive_dataproduct",
        description="Every file that this server hands out, those without a row in ObsCore too",
        columns=(
            _text(
                "obs_publisher_did",
                "Identifier in the Virtual Observatory",
                "meta.ref.ivoid;meta.main",
                principal=True,
                indexed=True,
            ),
            _text("product_id", "What follows /products/ in its URL", "meta.id", indexed=True),
            _text(
                "kind",
                "swg, isgri_events, jmx1_events, spi_acs_rates, mosaic, ...",
                "meta.code",
                principal=True,
            ),
            _text("scw", "Science Window of the archive's files", "meta.id;obs", indexed=True),
            _text("obs_id", "What belongs together, as in ivoa.obscore", "meta.id", indexed=True),
            _text("access_url", "URL of the file", "meta.ref.url", source=_access_url()),
            _text("file_name", "Name to save it under", "meta.id;meta.file"),
            _text("media_type", "Media type", "meta.code.mime"),
            Column(
                "file_size",
                "long",
                unit="byte",
                ucd="phys.size;meta.file",
                description="Size",
                source="size",
            ),
            _text("sha256", "SHA-256 digest of the file, hexadecimal", "meta.checksum"),
            _time("created", "When the file was made, UTC", "time.creation"),
            _number("e_min_kev", "keV", "Lowest energy", "em.energy;stat.min"),
            _number("e_max_kev", "keV", "Highest energy", "em.energy;stat.max"),
            _text("software", "What made it", "meta.id;meta.software"),
            _text(
                "data_rights",
                "public, secure or proprietary",
                "meta.code",
                source=_RIGHTS_NOW.format(release="release_date"),
            ),
            _time("release_date", "When it becomes or became public, UTC", "time.release"),
        ),
        foreign_keys=(ForeignKey("integral.scw", (("scw", "scw"),)),),
    )
