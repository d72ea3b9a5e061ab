"""Source lists as FITS and VOTable."""

from astropy.io import fits
from astropy.io.votable import parse

from analysis.products.source_list import COLUMNS, read_source_list, write_source_list
from analysis.products.source_votable import write_source_votable
from dali.tables import Info

NAMES = [
    "name", "ra", "dec", "position_error", "intensity", "intensity_error", "significance",
    "e_min", "e_max", "new_source", "scw",
]  # fmt: skip


def test_a_list_comes_back_from_fits(sources, tmp_path) -> None:
    path = tmp_path / "sources.fits"
    write_source_list(path, sources, [("CREATOR", "coded_mask 1", "Software")])
    assert read_source_list(path) == tuple(sources)
    with fits.open(path, checksum=True) as hdus:
        hdus.verify("exception")
        table = hdus["ISGR-SRCL-RES"]
        assert table.columns.names == NAMES
        assert table.columns["intensity"].unit == "count/s"
        assert table.header["CREATOR"] == "coded_mask 1"


def test_a_list_without_sources_is_a_list(tmp_path) -> None:
    write_source_list(tmp_path / "none.fits", [])
    assert read_source_list(tmp_path / "none.fits") == ()
    write_source_votable(tmp_path / "none.vot", [])
    assert len(parse(tmp_path / "none.vot").get_first_table().array) == 0


def test_a_votable_has_names_units_and_meaning(sources, tmp_path) -> None:
    path = tmp_path / "sources.vot"
    write_source_votable(path, sources, [Info("CREATOR", "coded_mask 1")])
    votable = parse(path, verify="exception")
    table = votable.get_first_table()
    assert [field.name for field in table.fields] == NAMES
    assert all(field.ucd for field in table.fields)
    assert 'unit="count/s"' in path.read_text()
    assert table.get_field_by_id("intensity").unit.to_string() == "ct / s"
    system = table.get_field_by_id("ra").ref
    assert votable.get_coosys_by_id(system).system == "ICRS"
    assert 'name="CREATOR" value="coded_mask 1"' in path.read_text()
    rows = table.to_table()
    assert list(rows["name"]) == ["Crab", "NEW_1"]
    assert list(rows["new_source"]) == [False, True]
    assert list(rows["scw"]) == ["", "066500330010.001"]
    assert rows["ra"][0] == 83.6331


def test_columns_are_those_that_users_rely_on() -> None:
    assert [column.name for column in COLUMNS] == NAMES
