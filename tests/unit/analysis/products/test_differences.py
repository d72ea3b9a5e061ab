"""What differs between two files of a product is told so that a person can judge it."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from analysis.products.differences import file_differences
from provenance.likeness import Aspect, Difference

VOTABLE = "application/x-votable+xml"

TABLE = """<?xml version="1.0"?>
<VOTABLE xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE>
<INFO name="DATE" value="{date}"/><INFO name="NSCW" value="{scws}"/>
<TABLE><FIELD name="name" datatype="char" arraysize="*"/><FIELD name="{field}" datatype="double"/>
<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>
"""


@pytest.fixture
def table(tmp_path: Path):
    def write(file: str, rates: tuple[float, ...] = (1.5, 2.5), **changed: str) -> Path:
        rows = "".join(f"<TR><TD>Crab</TD><TD>{rate}</TD></TR>" for rate in rates)
        told = {"date": "2026-01-01", "scws": "2", "field": "rate", "rows": rows, **changed}
        path = tmp_path / file
        path.write_text(TABLE.format(**told))
        return path

    return write


def test_a_votable_is_the_same_but_for_what_tells_of_the_run(table) -> None:
    assert file_differences(table("a"), table("b", date="2027-07-07"), VOTABLE) == ()


def test_other_values_of_a_votable_are_named_by_column_with_the_first_of_them(table) -> None:
    (found,) = file_differences(table("a"), table("b", (1.5, 2.6)), VOTABLE)
    assert found == Difference(
        Aspect.NUMBERS, "column rate, 1 of 2 rows; the first of them", "2.5", "2.6"
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"rates": (1.5,)}, Difference(Aspect.NUMBERS, "rows", "2", "1")),
        ({"scws": "3"}, Difference(Aspect.NUMBERS, "INFO NSCW", "2", "3")),
        (
            {"field": "flux"},
            Difference(Aspect.STRUCTURE, "columns", "name, rate", "name, flux"),
        ),
    ],
)
def test_rows_infos_and_columns_of_a_votable_are_told_apart(table, changed, expected) -> None:
    assert file_differences(table("a"), table("b", **changed), VOTABLE) == (expected,)


def test_a_row_that_lacks_a_cell_is_told(table) -> None:
    short = "<TR><TD>Crab</TD><TD>1.5</TD></TR><TR><TD>Crab</TD></TR>"
    (found,) = file_differences(table("a"), table("b", rows=short), VOTABLE)
    assert found == Difference(Aspect.STRUCTURE, "row 2", "2 cells", "1 cells")
    assert file_differences(table("a", rows=short), table("b", rows=short), VOTABLE) == ()
    changed = short.replace("1.5", "1.6")
    (found,) = file_differences(table("a", rows=short), table("b", rows=changed), VOTABLE)
    assert (found.original, found.again) == ("1.5", "1.6")


def test_other_values_of_a_fits_table_and_image_are_counted(tmp_path: Path) -> None:
    def write(name: str, step: float) -> Path:
        path = tmp_path / name
        columns = [
            fits.Column(title, "1D", array=np.arange(3.0) * (step if title == "RATE" else 1))
            for title in ("TIME", "RATE")
        ]
        image = fits.ImageHDU(np.full((2, 2), np.nan), name="MAP")
        image.data[0, 0] = step
        hdus = [fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name="RATES"), image]
        fits.HDUList(hdus).writeto(path)
        return path

    one, same, other = write("a", 1.0), write("b", 1.0), write("c", 1.5)
    assert file_differences(one, same, "application/fits") == ()
    table, image = file_differences(one, other, "application/fits")
    assert (table.where, table.again) == ("HDU 1 RATES", "other values in RATE")
    assert image.again == "1 of 4 pixels differ, by up to 0.5"


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        (
            [("EXPOSURE", 10.0, "[ks] live time"), ("NSCW", 2, "")],
            Difference(
                Aspect.STRUCTURE,
                "HDU 0 PRIMARY: comment of EXPOSURE",
                "[s] live time",
                "[ks] live time",
            ),
        ),
        (
            [("NSCW", 2, ""), ("EXPOSURE", 10.0, "[s] live time")],
            Difference(
                Aspect.STRUCTURE,
                "HDU 0 PRIMARY: order of keywords",
                "SIMPLE BITPIX NAXIS EXTEND EXPOSURE NSCW",
                "SIMPLE BITPIX NAXIS EXTEND NSCW EXPOSURE",
            ),
        ),
        (
            [("EXPOSURE", 10.5, "[s] live time"), ("NSCW", 2, "")],
            Difference(Aspect.NUMBERS, "HDU 0 PRIMARY: EXPOSURE", "10.0", "10.5"),
        ),
        (
            [("EXPOSURE", 10.0, "[s] live time")],
            Difference(Aspect.NUMBERS, "HDU 0 PRIMARY: NSCW", "2", ""),
        ),
    ],
)
def test_headers_are_the_same_with_their_comments_and_in_their_order(
    tmp_path: Path, cards: list[tuple[str, object, str]], expected: Difference
) -> None:
    def write(name: str, run: str, told: list[tuple[str, object, str]]) -> Path:
        primary = fits.PrimaryHDU()
        # what tells of the run may stand anywhere, with any words
        about = [("DATE", run, f"of run {run}"), ("PROVACT", run, f"of run {run}")]
        for card in (*about, *told) if run == "1" else (*told, *about, ("PRVI12", "x", "")):
            primary.header.append(card, end=True)
        path = tmp_path / name
        primary.writeto(path, checksum=True)
        return path

    usual = [("EXPOSURE", 10.0, "[s] live time"), ("NSCW", 2, "")]
    original, again = write("a", "1", usual), write("b", "2", usual)
    assert file_differences(original, again, "application/fits") == ()
    assert file_differences(original, write("c", "2", cards), "application/fits") == (expected,)


def test_files_of_other_kinds_must_be_the_same_byte_for_byte(tmp_path: Path) -> None:
    one, other = tmp_path / "a.png", tmp_path / "b.png"
    one.write_bytes(b"picture")
    other.write_bytes(b"Picture")
    assert file_differences(one, one, "image/png") == ()
    (found,) = file_differences(one, other, "image/png")
    assert found.aspect is Aspect.NUMBERS
