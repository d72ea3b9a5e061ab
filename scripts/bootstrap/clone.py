"""The clone: where everything that set-up makes has its place."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Clone:
    """A checkout of the project; all that is made in it lies under ``var`` and ``.venv``."""

    root: Path

    @property
    def var(self) -> Path:
        """Everything made at run time: database, archive, products, keys."""
        return self.root / "var"

    @property
    def environment_folder(self) -> Path:
        """The virtual environment."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The virtual environment's interpreter."""
        return self.environment_folder / "bin" / "python"

    def tool(self, name: str) -> Path:
        """A command of the virtual environment."""
        return self.environment_folder / "bin" / name

    @property
    def lock(self) -> Path:
        """Exact versions of what the server needs."""
        return self.root / "requirements.lock"

    @property
    def development_lock(self) -> Path:
        """The same, and what tests and checks need."""
        return self.root / "requirements-dev.lock"

    @property
    def static_files(self) -> Path:
        """Style sheets and scripts, collected from all rooms for the web server."""
        return self.var / "static"


def this_clone() -> Clone:
    """The clone that this file belongs to."""
    return Clone(Path(__file__).resolve().parents[2])
