"""Real products of the mission, where a copy of them lies beside the project."""

from pathlib import Path

import pytest

_FOLDERS = [p / "shared" / "data" for p in Path(__file__).resolve().parents]
REAL_DATA = next((p for p in _FOLDERS if (p / "isgri_spectra_lc").is_dir()), None)

needs_real_data = pytest.mark.skipif(
    REAL_DATA is None, reason="no copy of the mission's products beside the project"
)


def real(name: str) -> Path:
    """The copy of that name below the folder."""
    if REAL_DATA is None:
        pytest.skip("no copy of the mission's products beside the project")
    return REAL_DATA / name
