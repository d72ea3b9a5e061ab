"""Failures that users read: named, placed, told apart, and whole after any journey."""

import ast
import pickle
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from analysis import errors
from analysis.errors import AnalysisError, DiskFull, MachineFailure, NoISGRIEvents, ProcessEnded


def _all(of: type[AnalysisError] = AnalysisError) -> Iterator[type[AnalysisError]]:
    yield of
    for narrower in of.__subclasses__():
        if narrower.__module__ == errors.__name__:
            yield from _all(narrower)


def _fail(kind: type[AnalysisError]) -> None:
    raise kind("it rained", science_window="066500330010.001", step="shadowgram")


def test_a_message_names_failure_science_window_step_and_reason() -> None:
    failure = NoISGRIEvents("no good event", science_window="066500330010.001", step="shadowgram")
    assert str(failure) == (
        "NoISGRIEvents: Science Window 066500330010.001, step shadowgram: no good event"
    )


def test_what_is_not_known_leaves_no_trace() -> None:
    assert str(NoISGRIEvents("no good event", step="mosaic")) == (
        "NoISGRIEvents: step mosaic: no good event"
    )
    assert str(AnalysisError("it rained")) == "it rained"


@pytest.mark.parametrize("kind", list(_all()))
def test_a_failure_is_pickled_whole(kind: type[AnalysisError]) -> None:
    failure = kind("it rained", science_window="066500330010.001", step="shadowgram")
    again = pickle.loads(pickle.dumps(failure))  # noqa: S301  our own bytes
    assert type(again) is kind
    assert (again.reason, again.science_window, again.step) == (
        "it rained",
        "066500330010.001",
        "shadowgram",
    )
    assert str(again) == str(failure)


def test_a_failure_comes_whole_out_of_another_process() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for kind in _all():
            with pytest.raises(kind) as caught:
                pool.submit(_fail, kind).result()
            assert type(caught.value) is kind
            assert caught.value.science_window == "066500330010.001"
            assert caught.value.step == "shadowgram"


@pytest.mark.parametrize("kind", list(_all()))
def test_only_failures_of_the_machine_are_tried_again(kind: type[AnalysisError]) -> None:
    failure = kind("it rained")
    assert failure.of_machine == isinstance(failure, MachineFailure)
    assert failure.kind == ("transient" if failure.of_machine else "fatal")
    assert failure.of_machine or not failure.retry


def test_a_lost_process_is_worth_another_attempt_and_a_full_disk_is_not() -> None:
    assert ProcessEnded("killed").retry
    assert not DiskFull("no room").retry


def test_a_failure_is_told_of_the_place_where_it_came_up() -> None:
    failure = NoISGRIEvents("none", step="select_events").at("066500330010.001", "shadowgram")
    assert (failure.science_window, failure.step) == ("066500330010.001", "select_events")
    assert type(failure) is NoISGRIEvents


def test_every_failure_is_raised_somewhere_and_documented() -> None:
    """A name that nothing raises would be a promise that nobody keeps."""
    root = Path(__file__).parents[3]
    raised: set[str] = set()
    for path in (root / "analysis").rglob("*.py"):
        if path != root / "analysis" / "errors.py":
            tree = ast.parse(path.read_text())
            raised |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            raised |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    page = (root / "docs" / "analysis.md").read_text()
    for kind in set(_all()) - {AnalysisError, MachineFailure}:
        assert kind.__name__ in raised
        assert f"`{kind.__name__}`" in page
