"""Finds what a path has to offer: Science Windows, reference catalogues, observation tables."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from archive.ingest.problems import Problem
from instruments import archive_layout
from instruments.isgri_files import EVENT_FILE, SCIENCE_WINDOW_FILE

_FOLDER = re.compile(r"[0-9]{12}\.[0-9]{3}")


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, each in order of path.

    problems: of paths that hold nothing of this.
    """

    science_windows: tuple[Path, ...]
    catalogues: tuple[Path, ...]
    observations: tuple[Path, ...]
    problems: tuple[Problem, ...]


def find(paths: Iterable[Path]) -> Findings:
    """Look below each path, which is a tree in the archive's layout or a Science Window's folder.

    Hidden folders and symbolic links to folders are passed over.
    """
    science_windows: dict[Path, None] = {}
    catalogues: dict[Path, None] = {}
    observations: dict[Path, None] = {}
    problems: list[Problem] = []
    for path in paths:
        root = path.resolve()
        if not root.is_dir():
            problems.append(Problem(path, "there is no such folder"))
            continue
        folders = sorted(_science_windows(root))
        hec = root / archive_layout.CATALOGUES
        editions = sorted(hec.glob(archive_layout.CATALOGUE_PATTERN))
        table = root / archive_layout.OBSERVATIONS_FILE
        tables = [table] if table.is_file() else []
        science_windows |= dict.fromkeys(folders)
        catalogues |= dict.fromkeys(editions)
        observations |= dict.fromkeys(tables)
        if not (folders or editions or tables):
            problems.append(Problem(path, "holds nothing to ingest: no scw/, cat/hec/ or obs/"))
    return Findings(tuple(science_windows), tuple(catalogues), tuple(observations), tuple(problems))


def _science_windows(root: Path) -> Iterable[Path]:
    for folder, subfolders, files in os.walk(root):
        path = Path(folder)
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        if _FOLDER.fullmatch(path.name) or {SCIENCE_WINDOW_FILE, EVENT_FILE} & set(files):
            subfolders.clear()
            yield path
