"""What the operator reads while a command runs: stages, elapsed times, one error."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_STARTED = time.monotonic()


class SetupError(Exception):
    """Something that the operator has to put right; its message says how."""


def say(message: str) -> None:
    """Print one line, with the time since the command began.

    A terminal that was closed must not keep a server from stopping cleanly.
    """
    with suppress(OSError):
        print(f"[{time.monotonic() - _STARTED:7.1f} s] {message}", flush=True)


@contextmanager
def stage(title: str) -> Iterator[None]:
    """Announce a stage of work and, where it took a while, how long it took."""
    say(title)
    began = time.monotonic()
    yield
    elapsed = time.monotonic() - began
    if elapsed >= 1:
        say(f"  done in {elapsed:.1f} s")


class Progress:
    """A bar for work whose number of steps is known: drawn in place on a terminal, else by tenths.

    total: number of steps.
    """

    WIDTH = 30

    def __init__(self, total: int) -> None:
        self.total = max(total, 1)
        self.done = 0
        self._told = 0
        self._terminal = sys.stdout.isatty()

    def step(self, label: str) -> None:
        """One more step is done; ``label`` names it."""
        self.done = min(self.done + 1, self.total)
        filled = self.WIDTH * self.done // self.total
        line = f"  [{'#' * filled:{self.WIDTH}}] {self.done}/{self.total} {label[:36]:36}"
        if self._terminal:
            print(f"\r{line}", end="\n" if self.done == self.total else "", flush=True)
        elif self.done * 10 // self.total > self._told:
            self._told = self.done * 10 // self.total
            print(line.rstrip(), flush=True)

    def close(self) -> None:
        """End the line, where the work had fewer steps than foreseen."""
        if self._terminal and self.done < self.total:
            print(flush=True)
