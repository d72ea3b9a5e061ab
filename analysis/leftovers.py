"""What a step could leave behind in the process that ran it.

A process may run one step after the other, as long as each leaves it as it found it: what a step
computes must not depend on what ran before. Where anything is left, the process ends with the step.

Steps are pure, so that ordinarily nothing is. What is looked at: processes, threads and files that
are still there; environment, working directory, mask of permissions, signals; Python's warnings,
path and random numbers, NumPy's errors and random numbers; the global names of the step's own
modules and what lists, sets and dictionaries among them hold; memory. What functions have
remembered of their arguments (`functools.cache`) may stay. Not seen is what changes inside other
objects.
"""

import os
import random
import signal
import sys
import time
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from uws import processes

#: So much more memory may a process keep for its next step, in bytes.
_KEPT_MEMORY = 64_000_000
_MOMENT_S = 0.1
_SIGNALS = tuple(signal.valid_signals())
_MODULE_S_OWN = frozenset({"__builtins__", "__warningregistry__", "__cached__", "__spec__"})


class Belongings:
    """What the process has before it runs steps."""

    def __init__(self) -> None:
        """As it is now."""
        self._globals: dict[str, dict[str, _Held]] = {}
        self._settings = _settings()
        self._open = _open_files()
        self._memory = processes.data_bytes()

    def watch(self, modules: Iterable[str]) -> None:
        """Before a step: these modules are its own; those that are loaded count."""
        for name in modules:
            if name not in self._globals and name in sys.modules:
                self._globals[name] = _globals(name)

    def what_is_left(self) -> str:
        """What has come or changed since, in words; empty for nothing."""
        if processes.children():
            return "processes"
        if not _is_alone():
            return "threads"
        if not _open_files() <= self._open:
            return "open files"
        for name, value in _settings().items():
            if self._settings.get(name) != value:
                return name
        for name, before in self._globals.items():
            if name not in sys.modules or not _are_same(before, _globals(name)):
                return f"global names of {name}"
        if processes.data_bytes() > self._memory + _KEPT_MEMORY:
            processes.trim_memory()
            if processes.data_bytes() > self._memory + _KEPT_MEMORY:
                return "memory"
        return ""


@dataclass(frozen=True, slots=True)
class _Held:
    """A global value. content: what it held, for the containers that can be looked into."""

    value: Any
    content: tuple[Any, ...] = ()


def _globals(module: str) -> dict[str, _Held]:
    return {
        name: _Held(value, _content(value))
        for name, value in vars(sys.modules[module]).items()
        if name not in _MODULE_S_OWN and not isinstance(value, ModuleType)
    }


def _content(value: Any) -> tuple[Any, ...]:
    kind = type(value)
    if kind is list or kind is set:
        return tuple(value)
    if kind is dict:
        return (*value, *value.values())
    return ()


def _are_same(before: Mapping[str, _Held], now: Mapping[str, _Held]) -> bool:
    """Whether these names are bound to the same objects, which hold the same ones."""
    if before.keys() != now.keys():
        return False
    for name, held in before.items():
        other = now[name]
        if held.value is not other.value or len(held.content) != len(other.content):
            return False
        if any(a is not b for a, b in zip(held.content, other.content, strict=True)):
            return False
    return True


def _is_alone() -> bool:
    """Whether there is but one thread; the kernel takes a moment to forget one that has ended."""
    until = time.monotonic() + _MOMENT_S
    while len(_names("/proc/self/task")) > 1:
        if time.monotonic() > until:
            return False
        time.sleep(0.0005)
    return True


def _names(folder: str) -> list[str]:
    """What is in the folder: twice as fast as by paths, and asked of after every step."""
    return os.listdir(folder)  # noqa: PTH208


def _open_files() -> frozenset[tuple[str, str]]:
    """The descriptors of this process, with what they are of."""
    found = set()
    for name in _names("/proc/self/fd"):
        try:
            found.add((name, os.readlink(f"/proc/self/fd/{name}")))  # noqa: PTH115  as below
        except FileNotFoundError:  # the listing's own
            continue
    return frozenset(found)


def _settings() -> dict[str, Any]:
    """What a process has one of, by what people call it."""
    mask = os.umask(0o077)
    os.umask(mask)
    found: dict[str, Any] = {
        "the environment": dict(os.environ),
        "the working directory": os.getcwd(),  # noqa: PTH109
        "the mask of permissions": mask,
        "signals": [signal.getsignal(number) for number in _SIGNALS],
        "Python's warnings": list(warnings.filters),
        "Python's path": list(sys.path),
        "Python's random numbers": random.getstate(),
    }
    if "numpy" in sys.modules:
        found["NumPy's errors"] = sys.modules["numpy"].geterr()
    if "numpy.random" in sys.modules:
        kind, keys, *rest = sys.modules["numpy.random"].get_state()
        found["NumPy's random numbers"] = (kind, keys.tobytes(), *rest)
    return found
