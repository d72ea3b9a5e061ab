"""Examining a folder, without any database."""

import gzip
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strangers_archive import write_science_window

from archive.ingest.checks import union_length
from archive.ingest.examination import examine

limits = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda ends: tuple(sorted(ends)))


@given(st.lists(limits, min_size=1, max_size=8))
def test_a_union_counts_every_instant_once(intervals):
    starts, stops = np.array(intervals).T
    instants = {t for start, stop in intervals for t in range(start, stop)}

    assert union_length(starts, stops) == len(instants)


def test_no_intervals_have_no_length():
    assert union_length(np.array([]), np.array([])) == 0.0


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    return write_science_window(tmp_path_factory.mktemp("sound"), count=50)


def test_a_sound_folder_gives_its_content(sound: Path):
    found = examine(sound)

    assert found.problems == ()
    assert found.content is not None
    assert found.content.event_count == 50


def test_known_digests_spare_the_examination(sound: Path):
    content = examine(sound).content
    assert content is not None
    known = {facts.name: facts.sha256 for facts in (content.group, content.events)}

    assert examine(sound, known).is_unchanged
    assert not examine(sound, {**known, "swg.fits": "0" * 64}).is_unchanged


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_damage_is_found_unless_it_changes_nothing(sound: Path, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damaged") / sound.name
    folder.mkdir()
    contents = {
        "swg.fits": (sound / "swg.fits").read_bytes(),
        "isgri_events.fits.gz": gzip.decompress((sound / "isgri_events.fits.gz").read_bytes()),
    }
    name = data.draw(st.sampled_from(sorted(contents)))
    damaged = bytearray(contents[name])
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at] ^= data.draw(st.integers(1, 255))
    for file, content in {**contents, name: bytes(damaged)}.items():
        packed = gzip.compress(content, 1) if file.endswith(".gz") else content
        (folder / file).write_bytes(packed)

    found = examine(folder)

    if found.content is None:
        assert found.problems
    else:
        # a blank of the header, or the name of a checksum: nothing that is read
        whole = examine(sound).content
        assert whole is not None
        assert replace(found.content, group=whole.group, events=whole.events) == whole


def test_examining_needs_no_django():
    code = (
        "import sys, archive.ingest.parallel\n"
        "sys.exit(any(name.split('.')[0] == 'django' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
