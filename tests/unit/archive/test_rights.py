"""Who may read what."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.rights import PROPRIETARY, PUBLIC, SECURE, Rights, may_read, rights_until
from auth.principal import ANONYMOUS, Principal

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWNER = Principal(1, "owner")
OTHER = Principal(2, "other")
ADMINISTRATOR = Principal(3, "operator", is_administrator=True)
EVERYBODY = (ANONYMOUS, OTHER, OWNER, ADMINISTRATOR)


@pytest.mark.parametrize(
    ("rights", "readers"),
    [
        (Rights(PUBLIC, NOW), EVERYBODY),
        (Rights(PROPRIETARY, NOW - timedelta(days=1), 1), EVERYBODY),
        (Rights(PROPRIETARY, NOW + timedelta(seconds=1), 1), (OWNER, ADMINISTRATOR)),
        (Rights(PROPRIETARY, None, 1), (OWNER, ADMINISTRATOR)),
        (Rights(PROPRIETARY, None, None), (ADMINISTRATOR,)),
        (Rights(SECURE, None, None), (OTHER, OWNER, ADMINISTRATOR)),
    ],
)
def test_rights_name_their_readers(rights: Rights, readers: tuple[Principal, ...]):
    assert tuple(p for p in EVERYBODY if may_read(p, rights, NOW)) == readers


def test_the_anonymous_own_nothing():
    assert not may_read(ANONYMOUS, Rights(PROPRIETARY, None, None), NOW)


dates = st.none() | st.datetimes(datetime(2002, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))


@given(dates, st.sampled_from([PUBLIC, SECURE, PROPRIETARY]), st.sampled_from(EVERYBODY))
def test_what_the_anonymous_may_read_everybody_may(release, data_rights, principal):
    rights = Rights(data_rights, release, 1)
    if may_read(ANONYMOUS, rights, NOW):
        assert may_read(principal, rights, NOW)


@given(dates)
def test_the_word_for_rights_agrees_with_the_date(release):
    assert (rights_until(release, NOW) == PUBLIC) == (release is not None and release <= NOW)
