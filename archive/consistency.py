"""Compares the files on disk with what the tables say of them."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.file_store import sha256_of
from archive.models import DataProduct, Store
from instruments.archive_layout import CATALOGUES, SCIENCE_WINDOWS
from instruments.isgri_files import EVENT_FILE, SCIENCE_WINDOW_FILE
from instruments.jemx import UNITS
from instruments.jemx_files import event_file
from instruments.spi_acs import RATE_FILE

#: Files of a Science Window that ingest reads.
_INGESTED = (
    SCIENCE_WINDOW_FILE,
    EVENT_FILE,
    *(event_file(unit) for unit in UNITS),
    RATE_FILE,
)


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """A file that isn't as it should be. path: absolute."""

    path: Path
    message: str

    def __str__(self) -> str:
        """``path: message``."""
        return f"{self.path}: {self.message}"


def check(
    *,
    checksums: bool = False,
    progress: Callable[[Iterable[DataProduct], int], Iterable[DataProduct]] = lambda all_, n: all_,
) -> Iterator[Inconsistency]:
    """Every file that is missing, altered or unknown.

    checksums: read every file and compare its digest; otherwise sizes only. progress: wraps the
    products as they are looked at, given how many there are.
    """
    known: set[Path] = set()
    products = DataProduct.objects.order_by("store", "path")
    for product in progress(products.iterator(), products.count()):
        known.add(product.file)
        problem = _problem(product, checksums)
        if problem:
            yield Inconsistency(product.file, problem)
    for path in sorted(_files()):
        if path not in known:
            yield Inconsistency(path, "is in no table; ingest it, or remove it")


def _problem(product: DataProduct, checksums: bool) -> str | None:
    path = product.file
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    if size != product.size:
        return f"has {size} bytes; should have {product.size}"
    if checksums:
        digest = sha256_of(path)
        if digest != product.sha256:
            return f"has sha256 {digest}; should have {product.sha256}"
    return None


def _files() -> Iterator[Path]:
    """Files that should be in the tables: of Science Windows those that ingest reads."""
    archive = Store.ARCHIVE.root
    for path in _below(archive / SCIENCE_WINDOWS):
        if path.name in _INGESTED:
            yield path
    yield from _below(archive / CATALOGUES)
    yield from _below(Store.PRODUCT.root)


def _below(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        for name in names:
            yield Path(parent) / name
