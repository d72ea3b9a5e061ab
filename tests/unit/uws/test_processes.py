"""Processes of this machine: which are there, and how all of them are ended."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

#: Three levels in three sessions, one other child, and what is left when the first level is killed.
FAMILY = """
import subprocess
from uws import processes

processes.adopt_orphans()
spared = subprocess.Popen(["sleep", "1000"])
tree = "echo begun; setsid --wait sh -c 'setsid --wait sleep 1000; true'; true"
top = subprocess.Popen(["sh", "-c", tree], start_new_session=True, stdout=subprocess.PIPE)
top.stdout.readline()
all_gone = processes.kill_children([spared.pid])
print(all_gone, processes.children() == [spared.pid], spared.poll())
print(processes.kill_children(), processes.children())
"""

#: As a kernel is that was built without CONFIG_PROC_CHILDREN.
WITHOUT_LISTS = """
from pathlib import Path

read = Path.read_text

def read_text(path):
    if path.name == "children":
        raise FileNotFoundError(path)
    return read(path)

Path.read_text = read_text
"""

#: What is guarded starts a program in a session of its own and dies.
GUARDED = """
import os, signal, subprocess
from uws import processes

guard = processes.go_on_guarded()
left = subprocess.Popen(["sleep", "1000"], start_new_session=True)
print(left.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def said(program: str) -> str:
    """What a Python program says, when its output is closed by all that it has started."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


@pytest.mark.parametrize("kernel", ["", WITHOUT_LISTS])
def test_killing_children_goes_on_with_what_they_leave_behind(kernel: str) -> None:
    assert said(kernel + FAMILY).splitlines() == ["True True None", "True []"]


def test_a_guard_ends_what_a_killed_process_leaves_behind() -> None:
    left = said(GUARDED)
    assert not Path(f"/proc/{left.strip()}").exists()
