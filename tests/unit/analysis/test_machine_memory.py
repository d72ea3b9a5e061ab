"""The memory that steps may share is known on every machine, whatever its groups are called."""

import os
from pathlib import Path

import pytest

from analysis.embedded_cluster import machine_memory

ALL = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize(
    "groups",
    [None, b"", "4:memory:/prüfung/é\n0::/größe\n".encode(), b"4:memory:/\xff\n0::/\xfe\n"],
    ids=["no list", "no group", "names beyond ASCII", "names that are no text"],
)
def test_groups_that_can_not_be_read_leave_the_machines_memory(
    tmp_path: Path, groups: bytes | None
) -> None:
    path = tmp_path / "cgroup"
    if groups is not None:
        path.write_bytes(groups)
    assert 0 < machine_memory(path) <= ALL
