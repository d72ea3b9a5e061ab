"""What tests of several rooms share."""

from collections.abc import Iterator
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


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """The test database, which must have no other visitors when it is dropped."""
    from tap.reader import warm_connections

    yield
    warm_connections().close()
