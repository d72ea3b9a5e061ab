"""The rules of phases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uws.errors import PhaseError
from uws.phases import ACTIVE, STARTABLE, TERMINAL, Phase, advance, next_phases

phases = st.sampled_from(list(Phase))


def test_a_successful_job_goes_its_four_phases():
    phase = Phase.PENDING
    for to in (Phase.QUEUED, Phase.EXECUTING, Phase.COMPLETED):
        phase = advance(phase, to)
    assert phase is Phase.COMPLETED


@given(st.sampled_from(sorted(ACTIVE)))
def test_any_job_that_is_not_over_can_be_aborted_or_fail(phase):
    assert advance(phase, Phase.ABORTED) is Phase.ABORTED
    assert advance(phase, Phase.ERROR) is Phase.ERROR


@given(st.sampled_from(sorted(TERMINAL)), phases)
def test_a_job_that_is_over_can_only_be_archived(phase, to):
    if to is Phase.ARCHIVED and phase is not Phase.ARCHIVED:
        assert advance(phase, to) is to
    else:
        with pytest.raises(PhaseError, match=phase):
            advance(phase, to)


@given(phases)
def test_nothing_leads_back_to_pending_or_to_unknown(phase):
    assert not next_phases(phase) & {Phase.PENDING, Phase.UNKNOWN}


@given(phases)
def test_only_an_executing_job_can_complete(phase):
    assert (Phase.COMPLETED in next_phases(phase)) == (phase is Phase.EXECUTING)


def test_every_phase_but_unknown_is_either_active_or_over():
    assert set(Phase) - {Phase.UNKNOWN} == ACTIVE | TERMINAL
    assert not ACTIVE & TERMINAL
    assert all(Phase.QUEUED in next_phases(phase) for phase in STARTABLE)


@given(st.lists(phases, max_size=12))
def test_no_way_leads_out_of_the_end(ways):
    phase, is_over = Phase.PENDING, False
    for to in ways:
        try:
            phase = advance(phase, to)
        except PhaseError:
            continue
        assert not is_over or phase is Phase.ARCHIVED
        is_over = is_over or phase in TERMINAL
