"""Files that belong to a job from its start: those sent with its parameters, and what it fetches.

They are in the job's folder, beside those of its attempts, and go with it. Clients choose their
names, so that these are never names of files.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


class Inputs:
    """The files of one job, by name."""

    def __init__(self, folder: Path) -> None:
        """``folder``: made when the first file comes."""
        self._folder = folder

    def open(self, name: str) -> BinaryIO | None:
        """The file of that name, to be read; ``None`` where there is none."""
        with suppress(FileNotFoundError):
            return self._path(name).open("rb")
        return None

    @contextmanager
    def new(self, name: str) -> Iterator[BinaryIO]:
        """A file to be written; it is there, whole, when the block ends without an error."""
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, name_so_far = tempfile.mkstemp(dir=self._folder, prefix="new-")
        path = Path(name_so_far)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            path.replace(self._path(name))
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _path(self, name: str) -> Path:
        return self._folder / hashlib.sha256(name.encode()).hexdigest()
