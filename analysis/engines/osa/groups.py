"""The folders that OSA works in, and their contents as one file.

OSA wants its own tree: a repository (``scw``, ``aux``, ``cat``, ``ic``, ``idx``) and below it
``obs/<group>`` with what was worked out. Each step gets a new tree whose repository is links to the
site's. What a Science Window's analysis leaves is kept as a tar file, and unpacked where Science
Windows are joined.
"""

import io
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from astropy.io import fits

from analysis.engines.osa.commands import GROUP_FOLDER, Band, OsaInstrument, OsaSettings
from analysis.engines.osa.installation import IC_MASTER, REPOSITORY_FOLDERS, OsaInstallation
from analysis.errors import NoScWData, PossiblyWrongEnergyRange
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.fits_files import checksummed

#: Keywords in which OSA's programs write when they ran.
_OF_THE_RUN = ("DATE", "STAMP")
_NUMBERS = ("RA_OBJ", "DEC_OBJ", "ERR_RAD", "RA_FIN", "DEC_FIN", "DETSIG")
_FLAGS = ("DAY_ID", "SEL_FLAG", "FLAG", "ISGRI_FLAG", "JEMX_FLAG", "NEW_SOURCE")


def site_settings(installation: OsaInstallation) -> OsaSettings:
    """What OSA's calls need to know of the site."""
    return OsaSettings(
        f"{installation.repository / IC_MASTER}[1]",
        installation.ic_alias,
        installation.catalogue or "",
    )


@contextmanager
def working_folder(
    installation: OsaInstallation, science_windows: Sequence[str], near: Path
) -> Iterator[Path]:
    """A folder with the site's repository and the list of Science Windows; gone afterwards.

    near: a folder on the file system that it shall be on. Raises `NoScWData` for a Science Window
    that the repository lacks.
    """
    with TemporaryDirectory(prefix="osa", dir=near) as name:
        work = Path(name)
        for folder in REPOSITORY_FOLDERS:
            if (installation.repository / folder).is_dir():
                (work / folder).symlink_to(installation.repository / folder)
        lines = []
        for science_window in science_windows:
            folder = f"scw/{science_window[:4]}/{science_window}"
            found = [f for f in ("swg.fits", "swg.fits.gz") if (work / folder / f).is_file()]
            if not found:
                raise NoScWData("its group swg.fits is missing", science_window=science_window)
            lines.append(f"{folder}/{found[0]}[1]\n")
        (work / "scw.lis").write_text("".join(lines), encoding="ascii")
        yield work


def pack(work: Path, patterns: Iterable[str], output: Path) -> int:
    """Write the files below the group's folder that match to a tar file; gives their number.

    The same files give the same bytes: names sorted, no times; FITS files lose the keywords that
    tell when OSA ran.
    """
    group = work / GROUP_FOLDER
    names = sorted({path for pattern in patterns for path in group.glob(pattern)})
    files = [path for path in names if path.is_file() and not path.is_symlink()]
    with tarfile.open(output, "w", format=tarfile.USTAR_FORMAT) as tar:
        for path in files:
            content = _timeless(path)
            member = tarfile.TarInfo(path.relative_to(group).as_posix())
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return len(files)


def unpack(packed: Path, target: Path, below: str = "") -> list[Path]:
    """Lay out the files of a tar file whose names begin with ``below``; gives their paths."""
    with tarfile.open(packed) as tar:
        members = [member for member in tar if member.isfile() and member.name.startswith(below)]
        tar.extractall(target, members, filter="data")
    return [target / member.name for member in members]


def _timeless(path: Path) -> bytes:
    """A file's content; of FITS without the time of its making."""
    content = path.read_bytes()
    if not path.name.endswith(".fits"):
        return content
    with fits.open(io.BytesIO(content), memmap=False) as hdus:
        if not any(keyword in hdu.header for hdu in hdus for keyword in _OF_THE_RUN):
            return content
        for hdu in hdus:
            for keyword in _OF_THE_RUN:
                hdu.header.remove(keyword, ignore_missing=True, remove_all=True)
            checksummed(hdu)
        rewritten = io.BytesIO()
        hdus.writeto(rewritten, output_verify="silentfix")
    return rewritten.getvalue()


def energy_band(
    installation: OsaInstallation, instrument: OsaInstrument, e_min_kev: float, e_max_kev: float
) -> Band:
    """The band as the instrument's programs want it.

    JEM-X's channels are those that lie within the band, by the table FBDS of its instrument
    characteristics. Raises `PossiblyWrongEnergyRange` where none does.
    """
    if not instrument.number:
        return Band(e_min_kev, e_max_kev)
    folder = installation.repository / "ic" / instrument.short / "rsp"
    responses = sorted(folder.glob(f"{instrument.short}_rmf_grp_*.fits"))
    if not responses:
        raise NoScWData(f"the response of {instrument.name} is not among the characteristics")
    with fits.open(responses[-1], memmap=False) as hdus:
        table = hdus[f"{instrument.name}-FBDS-MOD"].data
        inside = (table["E_MIN"] >= e_min_kev) & (table["E_MAX"] <= e_max_kev)
        channels = np.asarray(table["CHANNEL"])[inside]
    if not len(channels):
        raise PossiblyWrongEnergyRange(
            f"no channel of {instrument.name} lies between {e_min_kev:g} and {e_max_kev:g} keV"
        )
    return Band(e_min_kev, e_max_kev, (int(channels[0]), int(channels[-1])))


def write_catalogue(
    path: Path, instrument: OsaInstrument, sources: Sequence[CatalogueSource]
) -> None:
    """Write sources as a catalogue to extract from (ISGR-SRCL-RES, JMXn-SRCL-CAT).

    Its positions are fixed: RA_FIN and DEC_FIN are those that were found before.
    """
    count = len(sources)
    values = {
        "RA_OBJ": [s.ra for s in sources],
        "DEC_OBJ": [s.dec for s in sources],
        "RA_FIN": [s.ra for s in sources],
        "DEC_FIN": [s.dec for s in sources],
    }
    flags = {"ISGRI_FLAG": 1, "JEMX_FLAG": 1, "FLAG": 1, "SEL_FLAG": 1}
    names = [s.name for s in sources]
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("SOURCE_ID", "16A", array=np.array([name[:16] for name in names])),
            fits.Column("NAME", "100A", array=np.array(names)),
            *(
                fits.Column(name, "1E", array=np.array(values.get(name, [0.0] * count)))
                for name in _NUMBERS
            ),
            *(fits.Column(name, "1I", array=np.full(count, flags.get(name, 0))) for name in _FLAGS),
        ],
        name=f"{instrument.name}-SRCL-CAT" if instrument.number else "ISGR-SRCL-RES",
    )
    table.header["ISDCLEVL"] = ("CAT_S", "ISDC level of data processing")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    # OSA's scripts rewrite the catalogue that they are given unless it can't be written
    path.chmod(0o444)
