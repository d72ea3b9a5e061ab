"""Names as queries write them."""

import pytest

from tap.names import as_written


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("s_ra", "s_ra"),
        ("size", '"size"'),
        ("value", '"value"'),
        ("point", '"point"'),
        ("Mixed", '"Mixed"'),
        ("2mass", '"2mass"'),
        ("a b", '"a b"'),
        ('a"b', '"a""b"'),
    ],
)
def test_a_name_is_quoted_where_a_query_would_read_something_else(name, written):
    assert as_written(name) == written
