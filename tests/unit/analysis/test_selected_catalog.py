"""The user's own catalogue, as a dictionary of the ODA or as a VOTable."""

import json
from io import BytesIO

import pytest
from astropy.table import Table

from analysis.workflows.selected_catalog import parse

ODA = {
    "cat_frame": "fk5",
    "cat_coord_units": "deg",
    "cat_lon_name": "ra",
    "cat_lat_name": "dec",
    "cat_column_names": ["meta_ID", "src_names", "significance", "ra", "dec", "NEW_SOURCE"],
    "cat_column_list": [
        [0, 1],
        ["Crab", "1A 0535+262"],
        [497.2, 9],
        [83.629, 84.7],
        [22, 26.3],
        [0, 0],
    ],
}


def changed(**values: object) -> str:
    return json.dumps({**ODA, **values})


def test_the_dictionary_of_the_oda_is_read() -> None:
    crab, pulsar = parse(json.dumps(ODA))
    assert (crab.name, crab.ra, crab.dec) == ("Crab", 83.629, 22.0)
    assert pulsar.name == "1A 0535+262"


def test_a_votable_is_read() -> None:
    table = Table({"name": ["Crab", "Crab"], "ra": [83.63, 1.0], "dec": [22.01, 2.0]})
    text = BytesIO()
    table.write(text, format="votable")
    (crab,) = parse(text.getvalue().decode())
    assert (crab.name, crab.ra, crab.dec) == ("Crab", 83.63, 22.01)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "neither a VOTable nor"),
        ("{}", "neither a VOTable nor"),
        ("nonsense", "neither a VOTable nor"),
        ("<nonsense/>", "selected_catalog"),
        (changed(cat_column_names=["ra", "dec"], cat_column_list=[[1], [2]]), "no column of names"),
        (changed(cat_frame="galactic"), "cat_frame is 'galactic'"),
        (changed(cat_coord_units="rad"), "not deg"),
        (changed(cat_column_list=[[0], ["x"], [1], [None], [2], [0]]), r"row 1 \(x\) has no pos"),
        (changed(cat_column_list=[[0], ["x"], [1], [3], [200], [0]]), r"row 1 \(x\) has no pos"),
        (changed(cat_column_list=[[0], [""], [1], [3], [20], [0]]), "row 1 has no usable name"),
        (changed(cat_column_list=[[], [], [], [], [], []]), "holds no source"),
        (changed(cat_column_list=[[0], ["x", "y"], [1], [3], [20], [0]]), "differ in length"),
    ],
)
def test_what_is_no_catalogue_is_told(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(text)
