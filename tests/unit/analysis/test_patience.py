"""How often what the machine fails at is begun again, and how long places are waited for."""

from itertools import repeat

from analysis.patience import Patience


def test_a_step_whose_machine_fails_is_begun_three_times() -> None:
    patience = Patience(300)
    assert [patience.has_failed("a") for _ in range(3)] == [True, True, False]
    assert patience.has_failed("b"), "each step by itself"


def test_a_lost_step_is_given_again_within_the_time_and_some_times_beyond_it() -> None:
    in_time = Patience(300, repeat(0.0).__next__)
    assert all(in_time.was_lost("a") for _ in range(100))
    hours = Patience(300, iter(range(0, 10**6, 3600)).__next__)
    assert [hours.was_lost("a") for _ in range(21)] == [True] * 20 + [False]
    assert hours.was_lost("b"), "each step by itself"


def test_a_place_is_waited_for_so_long_and_as_long_again_after_each_that_was_found() -> None:
    patience = Patience(300, iter([0.0, 300.0, 301.0, 500.0, 800.0, 801.0]).__next__)
    assert [patience.nowhere() for _ in range(3)] == [True, True, False]
    patience.somewhere()
    assert [patience.nowhere() for _ in range(3)] == [True, True, False]
