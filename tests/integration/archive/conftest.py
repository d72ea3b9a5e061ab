"""An empty archive of its own for every test."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def archive_root(tmp_path: Path, settings) -> Path:
    """The archive's root, not made yet."""
    settings.VO_ARCHIVE_ROOT = tmp_path / "archive"
    settings.VO_PRODUCT_ROOT = tmp_path / "products"
    settings.SITE_URL = "https://vo.example"
    return settings.VO_ARCHIVE_ROOT


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A tree of somebody else's."""
    return tmp_path / "outside"
