"""The command that makes the demonstration archive."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command


def test_the_command_makes_an_archive_and_keeps_it_the_second_time(tmp_path):
    arguments = ("simulate_archive", "--small", "--processes=1", f"--root={tmp_path}")
    first, second = StringIO(), StringIO()
    call_command(*arguments, stdout=first)
    assert (tmp_path / "scw/0665/066500330010.001/isgri_events.fits.gz").exists()
    assert first.getvalue().startswith("8 Science Windows simulated")
    call_command(*arguments, stdout=second)
    assert second.getvalue().startswith("0 Science Windows simulated")
    assert "8 kept" in second.getvalue()


def test_the_command_says_why_it_leaves_another_archive_alone(tmp_path):
    call_command("simulate_archive", "--small", f"--root={tmp_path}", stdout=StringIO())
    with pytest.raises(CommandError, match="Choose another folder"):
        call_command("simulate_archive", "--small", "--seed=1", f"--root={tmp_path}")
