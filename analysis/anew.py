"""Whether steps are to be made anew, whatever the cache has: for checking what it has."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from tempfile import TemporaryDirectory

_folder: ContextVar[Path | None] = ContextVar("analysis_anew", default=None)


@contextmanager
def everything_anew(below: Path) -> Iterator[None]:
    """Inside the block no graph finds anything in the cache, nor leaves anything there.

    Results go to a folder of the block's own below that one, which is removed at its end.
    """
    with TemporaryDirectory(dir=below) as name:
        token = _folder.set(Path(name))
        try:
            yield
        finally:
            _folder.reset(token)


def own_folder() -> Path | None:
    """Where results go in such a block; ``None`` outside of one."""
    return _folder.get()
