"""What a file must hold: formats, units, keywords."""

import numpy as np
import pytest

from instruments.archive_layout import OBSERVATIONS
from instruments.fits_structure import FitsColumn, Keyword
from instruments.isgri_files import (
    EVENTS,
    GOOD_TIME_INTERVALS,
    PIXEL_EFFICIENCY_EXTENSION,
    SCIENCE_WINDOW_GROUP,
    SCIENCE_WINDOW_KEYWORDS,
)
from instruments.reference_catalogue import REFERENCE_CATALOGUE, REQUIRED_COLUMNS

STRUCTURES = (
    EVENTS,
    GOOD_TIME_INTERVALS,
    SCIENCE_WINDOW_GROUP,
    REFERENCE_CATALOGUE,
    OBSERVATIONS,
)


def test_the_event_list_is_the_one_of_the_mission():
    assert EVENTS.extension == "ISGR-EVTS-ALL"
    assert [(c.name, c.format) for c in EVENTS.columns] == [
        ("TIME", "1D"),
        ("ISGRI_ENERGY", "1E"),
        ("DETY", "1I"),
        ("DETZ", "1I"),
        ("RISE_TIME", "1B"),
        ("SELECT_FLAG", "1B"),
    ]
    assert EVENTS.column("ISGRI_ENERGY").unit == "keV"
    assert EVENTS.dtype.itemsize == 8 + 4 + 2 + 2 + 1 + 1
    assert GOOD_TIME_INTERVALS.extension == "IBIS-GNRL-GTI"
    assert SCIENCE_WINDOW_GROUP.extension == "GNRL-SCWG-GRP"
    assert PIXEL_EFFICIENCY_EXTENSION == "ISGR-EFFI-SHD"


def test_event_files_repeat_the_keywords_of_their_science_window():
    assert set(SCIENCE_WINDOW_KEYWORDS) < set(EVENTS.keywords)


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s.extension)
def test_every_structure_fits_into_a_fits_header(structure):
    for column in structure.columns:
        assert np.dtype(column.dtype).itemsize > 0
        assert column.accepts(column.format)
        assert len(column.name) <= 18
        assert len(column.meaning) <= 47, column.name
    for keyword in structure.keywords:
        assert len(keyword.name) <= 8
        assert len(keyword.comment) <= 47, keyword.name


def test_a_reader_needs_columns_that_the_catalogue_has():
    assert set(REQUIRED_COLUMNS) <= {column.name for column in REFERENCE_CATALOGUE.columns}


@pytest.mark.parametrize("fits_format", ["1D", "D", "1E", " 1d "])
def test_a_real_number_may_have_either_precision(fits_format):
    assert EVENTS.column("TIME").accepts(fits_format)


@pytest.mark.parametrize("fits_format", ["1J", "2D", "8A", "PD(3)", ""])
def test_a_column_of_another_kind_is_refused(fits_format):
    assert not EVENTS.column("TIME").accepts(fits_format)


def test_a_text_may_have_any_width():
    assert FitsColumn("NAME", "100A", "").accepts("20A")


def test_what_is_missing_is_named():
    assert EVENTS.missing_columns(["time", "DETY", "DETZ"]) == (
        "ISGRI_ENERGY",
        "RISE_TIME",
        "SELECT_FLAG",
    )
    names = [keyword.name for keyword in EVENTS.keywords if keyword.name != "TSTOP"]
    assert EVENTS.missing_keywords(names) == ("TSTOP",)
    names.remove("OBJECT")
    assert EVENTS.missing_keywords(names) == ("TSTOP",)


def test_a_keyword_accepts_values_of_its_kind_only():
    number = Keyword("TSTART", float, "", "d")
    assert number.accepts(3006)
    assert number.accepts(3006.5)
    assert not number.accepts("3006.5")
    assert not number.accepts(True)
    assert SCIENCE_WINDOW_GROUP.keyword("REVOL").accepts(665.0)
    assert not SCIENCE_WINDOW_GROUP.keyword("REVOL").accepts(665.5)
    assert SCIENCE_WINDOW_GROUP.keyword("SW_TYPE").accepts("POINTING")
    assert not SCIENCE_WINDOW_GROUP.keyword("SW_TYPE").accepts("POINTED")
    with pytest.raises(KeyError):
        SCIENCE_WINDOW_GROUP.keyword("NOSUCH")
