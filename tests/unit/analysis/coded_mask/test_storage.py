"""Values written to files and read again."""

import time
from dataclasses import fields

import numpy as np
import pytest
from isgri_engine import find_sources, mosaic

from analysis.engines.coded_mask import storage
from analysis.engines.coded_mask.source_search import SourceSearch
from analysis.products.source_list import read_source_list


def assert_equal(one: object, other: object) -> None:
    """Compare two values field by field, arrays by content."""
    assert type(one) is type(other)
    for field in fields(one):  # type: ignore[arg-type]
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
        elif hasattr(a, "plane"):
            assert_equal(a, b)
        else:
            assert a == b, field.name


@pytest.fixture(scope="module")
def made() -> dict[str, object]:
    """What one test made, for the others."""
    return {}


@pytest.fixture
def values(made, frame_at, shadowgram_of, towards) -> dict[str, object]:
    """One of each value."""
    if not made:
        frame = frame_at()
        shadowgram = shadowgram_of(
            frame, [(*towards(frame, 5.0, 6.0), 90.0)], np.random.default_rng(1)
        )
        search = find_sources(shadowgram)
        search = SourceSearch(
            search.sources,
            search.image,
            search.residual,
            ("A message. " * 12 + "End", "another one"),
        )
        made |= {
            "shadowgram": shadowgram,
            "sky_image": search.image,
            "source_search": search,
            "mosaic": mosaic([search.image]),
        }
    return made


@pytest.mark.parametrize("kind", ["shadowgram", "sky_image", "source_search", "mosaic"])
def test_a_value_comes_back_as_it_was(kind, values, tmp_path) -> None:
    path = tmp_path / f"{kind}.fits"
    getattr(storage, f"write_{kind}")(path, values[kind])
    assert_equal(getattr(storage, f"read_{kind}")(path), values[kind])


def test_the_same_value_gives_the_same_bytes_at_any_time(values, tmp_path) -> None:
    kinds = ("shadowgram", "sky_image", "source_search", "mosaic")
    for name in ("one", "other"):
        for kind in kinds:
            getattr(storage, f"write_{kind}")(tmp_path / f"{kind}_{name}", values[kind])
        if name == "one":
            # FITS dates have seconds
            time.sleep(1.1)
    for kind in kinds:
        one, other = (tmp_path / f"{kind}_{name}" for name in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()


def test_image_and_list_are_read_from_a_search_by_themselves(values, tmp_path) -> None:
    search = values["source_search"]
    path = tmp_path / "search.fits"
    storage.write_source_search(path, search)
    assert_equal(storage.read_sky_image(path), search.image)
    assert read_source_list(path) == search.sources
