"""Names of files."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.identifiers import archive_file_identity, is_product_id, new_product_identity
from instruments.science_window import ScienceWindowId


def test_new_names_are_never_given_twice():
    names = {new_product_identity() for _ in range(100)}

    assert len(names) == 100
    assert all(is_product_id(name.product_id) for name in names)
    assert all(name.obs_publisher_did.endswith(f"/product?{name.product_id}") for name in names)


@given(st.integers(0, 9999), st.integers(0, 9999), st.integers(0, 999))
def test_files_of_science_windows_have_ids(revolution: int, pointing: int, version: int):
    folder = ScienceWindowId(revolution, pointing, version=version).folder

    identity = archive_file_identity(folder, "isgri_events")

    assert is_product_id(identity.product_id)
    assert identity.obs_publisher_did == identity.obs_publisher_did.lower()


def test_the_catalogue_has_an_id():
    assert is_product_id(
        archive_file_identity(PurePosixPath("cat/hec"), "gnrl_refr_cat_0043").product_id
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "scw/../..",
        "scw/0665/066500330010.001/../swg",
        "A" * 32,
        "0" * 31,
        "0" * 32 + "\n",
    ],
)
def test_other_texts_are_no_ids(text: str):
    assert not is_product_id(text)
