"""A FITS file of the archive in memory, and the checks that every such file goes through."""

import gzip
import hashlib
import io
import warnings
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from archive.ingest.problems import Problem, UnreadableError
from instruments.fits_structure import FitsColumn, Keyword, TableStructure

_DOUBLE_ONLY = "D"
#: What other programs call the units of `instruments.isgri_files`.
_UNIT_NAMES = {"day": "d", "days": "d", "ijd": "d"}


@contextmanager
def quiet() -> Iterator[None]:
    """Let astropy's warnings be: a header that is odd, but can be read, is none of our business."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        yield


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file as it was examined: bytes and digest."""

    name: str
    size: int
    sha256: str


class FitsFile:
    """A file read whole, so that its digest is that of the bytes that were examined."""

    def __init__(self, path: Path) -> None:
        """Read the file; raises `UnreadableError`."""
        self.path = path
        try:
            raw = path.read_bytes()
        except OSError as exc:
            raise self._unreadable(f"can't be read ({exc.strerror})") from None
        self.size = len(raw)
        self.sha256 = hashlib.sha256(raw).hexdigest()
        self._raw = raw
        self.problems: list[Problem] = []

    @property
    def facts(self) -> FileFacts:
        """Name, size and digest."""
        return FileFacts(self.path.name, self.size, self.sha256)

    def open(self) -> fits.HDUList:
        """The extensions, data included; raises `UnreadableError` for a damaged file.

        To be called once: the bytes that were read are let go.
        """
        content, self._raw = self._raw, b""
        if self.path.suffix == ".gz":
            try:
                content = gzip.decompress(content)
            except EOFError:
                raise self._unreadable("the gzip file is cut short; transfer it again") from None
            except (gzip.BadGzipFile, zlib.error):
                raise self._unreadable("is no intact gzip file; transfer it again") from None
        with quiet():
            warnings.filterwarnings("error", "File may have been truncated", AstropyWarning)
            try:
                hdus = fits.open(io.BytesIO(content), memmap=False, lazy_load_hdus=False)
            except (OSError, ValueError, TypeError, AstropyWarning, fits.VerifyError) as exc:
                raise self._unreadable(f"is no intact FITS file: {first_line(exc)}") from None
        return hdus

    def extension(self, hdus: fits.HDUList, name: str) -> Any | None:
        """The binary table of that EXTNAME, checksums verified; ``None`` where it is missing."""
        hdu = next((h for h in hdus if h.name == name.upper()), None)
        if hdu is None:
            self.report("the extension is missing", hdu=name)
            return None
        if not isinstance(hdu, fits.BinTableHDU):
            self.report("must be a binary table (BINTABLE)", hdu=name)
            return None
        return hdu if self.check_sums(hdu) else None

    def check_sums(self, hdu: Any) -> bool:
        """Verify CHECKSUM and DATASUM (FITS 4.0, appendix J) where the file has them."""
        sound = True
        for keyword, verdict in (
            ("DATASUM", hdu.verify_datasum()),
            ("CHECKSUM", hdu.verify_checksum()),
        ):
            if verdict == 0:
                sound = False
                self.report(
                    "doesn't match the content: the file was damaged or changed",
                    hdu=hdu.name,
                    item=keyword,
                )
        return sound

    def check_columns(self, hdu: Any, structure: TableStructure) -> bool:
        """Whether every column is there, readable and in its unit; reports what isn't."""
        present = {column.name.upper(): column for column in hdu.columns}
        before = len(self.problems)
        for column in structure.columns:
            found = present.get(column.name)
            if found is None:
                self.report(
                    f"the column is missing; must be {_wanted(column)}",
                    hdu=hdu.name,
                    item=column.name,
                )
            elif not _readable(column, found.format):
                self.report(
                    f"has format {found.format}; must be {_wanted(column)}",
                    hdu=hdu.name,
                    item=column.name,
                )
            elif column.unit and found.unit and not _is_unit(found.unit, column.unit):
                self.report(
                    f"has unit {found.unit}; must be {column.unit}", hdu=hdu.name, item=column.name
                )
        return len(self.problems) == before

    def keywords(
        self, hdu: Any, keywords: Iterable[Keyword], elsewhere: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Values of the keywords that are there and right; reports the others.

        elsewhere: values from another file, which stand in for what is missing here.
        """
        values: dict[str, Any] = dict(elsewhere or {})
        for keyword in keywords:
            value = hdu.header.get(keyword.name)
            if value is None or isinstance(value, fits.card.Undefined):
                if keyword.required and keyword.name not in values:
                    self.report(
                        f"the keyword is missing; must be {_right(keyword)}",
                        hdu=hdu.name,
                        item=keyword.name,
                    )
            elif not keyword.accepts(value):
                self.report(
                    f"is {value!r}; must be {_right(keyword)}", hdu=hdu.name, item=keyword.name
                )
            else:
                values[keyword.name] = value.strip() if isinstance(value, str) else value
        return values

    def report(self, message: str, hdu: str | None = None, item: str | None = None) -> None:
        """Note a fault of this file."""
        self.problems.append(Problem(self.path, message, hdu, item))

    def _unreadable(self, message: str) -> UnreadableError:
        return UnreadableError(Problem(self.path, message))


def _readable(column: FitsColumn, found: str) -> bool:
    # a time in single precision is good to a minute at best
    if column.format.endswith(_DOUBLE_ONLY):
        return column.accepts(found) and found.strip().upper().endswith(_DOUBLE_ONLY)
    return column.accepts(found)


def _is_unit(found: str, unit: str) -> bool:
    """Whether the text means the unit; only its case and the names of the day are forgiven."""
    return _UNIT_NAMES.get(found.strip().lower(), found.strip().lower()) == unit.lower()


def _wanted(column: FitsColumn) -> str:
    unit = f" in {column.unit}" if column.unit else ""
    return f"{column.format}{unit} ({column.meaning})"


def _right(keyword: Keyword) -> str:
    if keyword.allowed:
        return " or ".join(keyword.allowed)
    kind = {str: "a text", int: "a whole number", float: "a number"}[keyword.kind]
    return f"{kind} ({keyword.meaning})"


def first_line(exc: BaseException) -> str:
    """The first line of what an exception says, or else its name."""
    return (str(exc).strip().splitlines() or [type(exc).__name__])[0]
