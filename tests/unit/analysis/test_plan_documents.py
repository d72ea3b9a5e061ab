"""A plan as text, JSON and picture."""

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring
from tiny_engine import ADD

from analysis.folding import MOST_GROUPS, folded
from analysis.plan_documents import PlanDocuments
from analysis.planning import Cost, plan_of
from analysis.steps import RawFile, Step, in_order
from dali.errors import DaliError
from provenance import graphviz

SVG = "{http://www.w3.org/2000/svg}"
MakeRaw = Callable[..., RawFile]
SHADOWGRAM, IMAGE, MOSAIC = (replace(ADD, name=name) for name in ("shadowgram", "image", "mosaic"))


def _step(kind, label: str, **inputs) -> Step:
    return Step(kind, "tiny", {"of": label}, inputs, label)


@pytest.fixture
def graph(raw_file: MakeRaw) -> tuple[list[Step], Step]:
    """Images of fifty Science Windows, their mosaic, cleaned images and the mosaic of these."""
    catalogue = raw_file("catalogue", 0)
    shadowgrams = [
        _step(SHADOWGRAM, f"{number:04}.001", events=(raw_file(f"{number:04}.001", number),))
        for number in range(50)
    ]
    images = [
        _step(IMAGE, step.label, shadowgram=(step,), catalogue=(catalogue,)) for step in shadowgrams
    ]
    first = _step(MOSAIC, "of 50", image=tuple(images))
    cleaned = [
        _step(IMAGE, step.label, shadowgram=(step,), mosaic=(first,)) for step in shadowgrams
    ]
    return images, _step(MOSAIC, "of 50", image=tuple(cleaned))


@pytest.fixture
def documents(graph: tuple[list[Step], Step]) -> PlanDocuments:
    """Of that graph, where the first mosaic's branches of 48 Science Windows are cached."""
    images, target = graph
    cached = {step.identity for step in in_order(tuple(images[:48]))}
    costs = {("tiny", "shadowgram"): Cost(2.0, 10**6, runs=48)}
    return PlanDocuments("sample_image", plan_of((target,), cached), costs, 2)


def test_equal_branches_are_one_line(documents: PlanDocuments) -> None:
    assert documents.text() == (
        "sample_image: 152 steps: 96 cached, 56 to run; about 31 s on 2 processors\n"
        "\n"
        "events (50 files)\n"
        "shadowgram × 50: 48 cached, 2 to run  ← events\n"
        "    to run: 0048.001\n"
        "    to run: 0049.001\n"
        "catalogue (1 file)\n"
        "image × 50: 48 cached, 2 to run       ← catalogue, shadowgram\n"
        "    to run: 0048.001\n"
        "    to run: 0049.001\n"
        "mosaic: to run                        ← image\n"
        "image × 50: 50 to run                 ← mosaic, shadowgram\n"
        "mosaic: to run                        ← image\n"
    )


def test_the_json_counts_steps_by_kind_and_says_what_it_judges_by(documents: PlanDocuments) -> None:
    told = documents.json()
    assert told["steps"] == {
        "total": 152,
        "cached": 96,
        "to_run": 56,
        "not_needed": 0,
        "provisional": 0,
    }
    shadowgram, image, mosaic = told["kinds"]
    assert (shadowgram["cached"], shadowgram["to_run"], shadowgram["past_runs"]) == (48, 2, 48)
    assert (shadowgram["seconds_each"], shadowgram["bytes_each"]) == (2.0, 10**6)
    assert (image["kind"], image["cached"], image["to_run"]) == ("image", 48, 52)
    assert (mosaic["past_runs"], mosaic["bytes_each"]) == (0, None)
    assert told["estimate"]["bytes"] is None
    assert told["estimate"]["steps_judged_by_past_runs"] == 2
    assert told["estimate"]["processes"] == 2


def test_what_is_not_known_before_others_have_run_is_told_as_a_limit(
    graph: tuple[list[Step], Step],
) -> None:
    images, _ = graph
    first = _step(MOSAIC, "of 50", image=tuple(images))
    for provisional, most in ((True, "at most "), (False, "")):
        told = [
            Step(
                replace(ADD, name="clean"), "tiny", {}, {"image": (image,)}, image.label,
                told_by=(first,), provisional=provisional,
            )
            for image in images
        ]  # fmt: skip
        top = _step(MOSAIC, "of 50", image=tuple(told))
        cached = {step.identity for step in in_order(tuple(images))}
        documents = PlanDocuments("sample_image", plan_of((top,), cached), {}, 2)
        assert documents.summary().startswith(f"152 steps: 100 cached, {most}52 to run; ")
        assert documents.json()["steps"]["provisional"] == (51 if provisional else 0)
        clean, last = documents.json(with_steps=True)["graph"][-2:]
        assert (clean["provisional"], last["provisional"]) == (provisional, provisional)
        assert clean["told_by"] == [first.identity]
        assert f"clean × 50: {most}50 to run" in documents.text()
        assert "← image (told by mosaic)" in documents.text()
        texts = {text.text for text in fromstring(documents.svg()).iter(f"{SVG}text")}
        assert {f"{most}50 to run", "tells where"} <= texts


def test_every_step_is_told_on_demand(documents: PlanDocuments) -> None:
    steps = documents.json(with_steps=True)["graph"]
    assert len(steps) == 152
    known = {step["identity"] for step in steps}
    assert set(steps[-1]["inputs"]["image"]) <= known
    labels = [step["label"] for step in steps if step["state"] == "to run"]
    assert labels[:4] == ["0048.001", "0048.001", "0049.001", "0049.001"]


def test_the_picture_is_xml_with_words_for_those_who_can_not_see_it(
    documents: PlanDocuments,
) -> None:
    root = fromstring(documents.svg())
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    ids = str(root.get("aria-labelledby")).split()
    told = {element.get("id"): element.text for element in root if element.get("id") in ids}
    assert told["plan-title"] == "Steps of sample_image"
    assert "96 cached, 56 to run" in str(told["plan-description"])
    titles = {
        title.text for group in root.iter(f"{SVG}g") for title in group.findall(f"{SVG}title")
    }
    assert "shadowgram × 50: 48 cached, 2 to run" in titles
    assert "shadowgram → image" in titles
    assert not any(str(title).startswith(("g0", "l")) for title in titles)


def test_the_picture_of_fifty_science_windows_has_a_box_for_each_group_and_a_legend(
    documents: PlanDocuments,
) -> None:
    root = fromstring(documents.svg())
    nodes = [group for group in root.iter(f"{SVG}g") if group.get("class") == "node"]
    texts = {text.text for text in root.iter(f"{SVG}text")}
    assert len(nodes) == 7 + 3
    assert {"image × 50", "48 cached", "2 to run", "0049.001", "Legend", "of the archive"} <= texts
    assert "not needed" not in texts


def test_names_can_not_break_out_of_their_box(raw_file: MakeRaw) -> None:
    evil = 'a\\N"]; b [label="<script>&'
    step = Step(replace(ADD, name=evil), "tiny", {}, {"term": (raw_file("x", 1),)}, label=evil)
    svg = PlanDocuments(evil, plan_of((step,), set()), {}, 1).svg()
    root = fromstring(svg)
    assert not list(root.iter(f"{SVG}script"))
    assert evil in {text.text for text in root.iter(f"{SVG}text")}


def test_a_graph_too_large_for_a_picture_is_folded_by_kind_alone() -> None:
    step = _step(ADD, "0")
    for number in range(1, 3 * MOST_GROUPS):
        step = _step(ADD, str(number), term=(step,))
    groups = folded(plan_of((step,), set()))
    assert [(group.name, group.members) for group in groups] == [("add", 180)]
    assert PlanDocuments("long", plan_of((step,), set()), {}, 1).svg()


def test_without_graphviz_the_error_says_what_is_missing(
    documents: PlanDocuments, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DaliError, match="need Graphviz, which isn't installed") as caught:
        documents.svg()
    assert caught.value.status == 503


@pytest.mark.parametrize("script", ["exec sleep 60", "exit 3"])
def test_a_graphviz_that_fails_or_hangs_is_told(
    documents: PlanDocuments, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str
) -> None:
    program = tmp_path / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(graphviz, "SECONDS", 1)
    with pytest.raises(DaliError, match="too large for a picture"):
        documents.svg()
