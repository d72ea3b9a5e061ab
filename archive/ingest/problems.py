"""What is wrong with a file, for the person who can mend it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault.

    path: the file or folder. hdu: name of the extension, where it is inside one. item: keyword or
    column. message: what is wrong and what would be right.
    """

    path: Path
    message: str
    hdu: str | None = None
    item: str | None = None

    def __str__(self) -> str:
        """``path [HDU] ITEM: message``."""
        where = str(self.path)
        if self.hdu:
            where += f" [{self.hdu}]"
        if self.item:
            where += f" {self.item}"
        return f"{where}: {self.message}"


class UnreadableError(Exception):
    """A file that can't be examined any further."""

    def __init__(self, problem: Problem) -> None:
        """``problem`` says why."""
        super().__init__(str(problem))
        self.problem = problem
