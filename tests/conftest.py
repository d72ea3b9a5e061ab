"""What tests of several rooms share."""

from pathlib import Path

import pytest

from fixtures.plan import SMALL_PLAN
from fixtures.simulate import simulate_archive


@pytest.fixture(scope="session")
def small_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated archive of 6 public Science Windows of the Crab and 2 that are embargoed.

    Made once; nothing may write into it.
    """
    root = tmp_path_factory.mktemp("small_archive")
    simulate_archive(root, plan=SMALL_PLAN, processes=2)
    return root
