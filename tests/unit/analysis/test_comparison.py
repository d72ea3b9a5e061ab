"""Two makings of one result: within the tolerance they agree, beyond it what differs is told."""

import io
import json
import math
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from analysis.comparison import EXACT, agree, difference
from analysis.steps import Tolerance

TOLERANCE = Tolerance(relative=1e-3, absolute=1e-6)

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)


def changed(value: object, change: Callable[[float], float]) -> object:
    """The same structure with other numbers."""
    if isinstance(value, dict):
        return {name: changed(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [changed(item, change) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return change(value)
    return value


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pairs of files lie."""
    return tmp_path_factory.mktemp("pairs")


Compare = Callable[..., str | None]


@pytest.fixture(scope="module")
def of_json(folder: Path) -> Compare:
    """What differs in two values, written as JSON."""

    def compare(one: object, other: object, tolerance: Tolerance = TOLERANCE) -> str | None:
        paths = folder / "one.json", folder / "other.json"
        for path, value in zip(paths, (one, other), strict=True):
            path.write_text(json.dumps(value))
        return difference(*paths, tolerance)

    return compare


# --- JSON ----------------------------------------------------------------------------------------


@given(value=values)
def test_whatever_is_written_agrees_with_itself_however_it_is_laid_out(
    folder: Path, value: object
) -> None:
    paths = folder / "one.json", folder / "other.json"
    paths[0].write_text(json.dumps(value))
    paths[1].write_text(json.dumps(value, indent=3) + "\n")
    assert agree(*paths, TOLERANCE)


@given(value=values, share=st.floats(min_value=-0.99, max_value=0.99))
def test_numbers_within_the_tolerance_agree_wherever_they_stand(
    of_json: Compare, value: object, share: float
) -> None:
    def near(number: float) -> float:
        if isinstance(number, int) or not math.isfinite(number) or abs(number) > 1e300:
            return number
        return number + share * (TOLERANCE.absolute + TOLERANCE.relative * abs(number))

    assert of_json(changed(value, near), value) is None


@given(value=values, number=numbers, share=st.floats(min_value=1.01, max_value=100))
def test_one_number_beyond_the_tolerance_is_found_wherever_it_stands(
    of_json: Compare, value: object, number: float, share: float
) -> None:
    far = number + share * (TOLERANCE.absolute + TOLERANCE.relative * abs(number))
    words = of_json({"a": value, "b": [far]}, {"a": value, "b": [number]})
    assert words == f"b[0]: {far}, {number}"


@given(one=values, other=values)
def test_what_agrees_has_the_same_structure_and_the_same_words(
    of_json: Compare, one: object, other: object
) -> None:
    if of_json(one, other) is None:
        zero = lambda number: 0 if math.isfinite(number) else repr(number)  # noqa: E731
        blank = lambda value: json.dumps(changed(value, zero), sort_keys=True)  # noqa: E731
        assert blank(one) == blank(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (None, 0),
        ("1", 1),
        (math.nan, 1.0),
        (math.inf, -math.inf),
        ([1.0], [1.0, 1.0]),
        ({"a": 1.0}, {"b": 1.0}),
        ([], {}),
        (10**400, 10**400 + 1),
    ],
)
def test_what_is_no_number_must_be_the_same(of_json: Compare, one: object, other: object) -> None:
    assert of_json([one], [other]) is not None


def test_without_a_tolerance_each_byte_counts(of_json: Compare) -> None:
    assert of_json([1.0], [1], EXACT) == "the bytes differ"


def test_what_can_not_be_read_differs(folder: Path) -> None:
    paths = folder / "good.json", folder / "bad.json"
    paths[0].write_text("[1]")
    paths[1].write_text("[1")
    assert "can't be compared" in str(difference(*paths, TOLERANCE))


# --- Other formats -------------------------------------------------------------------------------


def _fits(path: Path, pixel: float, word: str = "m") -> Path:
    image = fits.ImageHDU(np.array([[1.0, np.nan], [pixel, 4.0]]), name="MAP")
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("NAME", "8A", array=np.array(["Crab"])),
            fits.Column("RATE", "1D", unit=word, array=np.array([pixel])),
        ],
        name="LIST",
    )
    fits.HDUList([fits.PrimaryHDU(), image, table]).writeto(path, checksum=True, overwrite=True)
    return path


@pytest.mark.parametrize(("pixel", "agrees"), [(100.05, True), (100.2, False), (np.nan, False)])
def test_pixels_and_columns_of_fits_files(folder: Path, pixel: float, agrees: bool) -> None:
    one, other = _fits(folder / "one.fits", pixel), _fits(folder / "other.fits", 100.0)
    words = difference(one, other, TOLERANCE)
    assert (words is None) == agrees
    assert agrees or ("differ" in str(words) and str(folder) not in str(words))


def test_another_header_is_another_fits_file(folder: Path) -> None:
    one, other = _fits(folder / "one.fits", 1.0), _fits(folder / "other.fits", 1.0, "km")
    assert not agree(one, other, TOLERANCE)


@pytest.mark.parametrize(("level", "agrees"), [(103, True), (120, False)])
def test_levels_of_pictures(folder: Path, level: int, agrees: bool) -> None:
    paths = folder / "one.png", folder / "other.png"
    for path, value in zip(paths, (level, 100), strict=True):
        Image.fromarray(np.full((5, 7, 3), value, dtype=np.uint8)).save(path)
    assert agree(*paths, Tolerance(absolute=8.0)) == agrees
    Image.fromarray(np.full((5, 8, 3), 100, dtype=np.uint8)).save(paths[0])
    assert not agree(*paths, Tolerance(absolute=8.0)), "of another size"


@pytest.mark.parametrize(
    ("rate", "name", "said"), [(1.0004, "a", None), (2.0, "a", "a.json: rate")]
)
def test_members_of_archives(
    folder: Path, rate: float, name: str, said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # no temporary folder is needed: it may be full, and nobody sweeps it
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "none"))

    def pack(path: Path, value: float, member: str) -> Path:
        with tarfile.open(path, "w") as archive:
            data = json.dumps({"rate": value}).encode()
            entry = tarfile.TarInfo(f"{member}.json")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        return path

    one, other = pack(folder / "one.tar", rate, name), pack(folder / "other.tar", 1.0, "a")
    words = difference(one, other, TOLERANCE)
    assert (words is None) if said is None else str(words).startswith(said)
    assert not agree(pack(folder / "one.tar", 1.0, "b"), other, TOLERANCE), "other names"


@pytest.mark.parametrize(("pixel", "said"), [(100.05, None), (100.2, "map.fits: ")])
def test_fits_files_in_archives_are_compared_as_such(
    folder: Path, pixel: float, said: str | None
) -> None:
    for path, value in ((folder / "one.tar", pixel), (folder / "other.tar", 100.0)):
        with tarfile.open(path, "w") as archive:
            archive.add(_fits(folder / "map.fits", value), "map.fits")
    words = difference(folder / "one.tar", folder / "other.tar", TOLERANCE)
    assert (words is None) if said is None else str(words).startswith(said)
    assert said is None or "differ" in str(words)
