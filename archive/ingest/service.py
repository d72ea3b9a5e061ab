"""Ingests paths: finds, examines in parallel, loads one by one, reports."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.ingest.discovery import find
from archive.ingest.examination import Examination
from archive.ingest.loading import add, load
from archive.ingest.parallel import Work, examinations
from archive.ingest.problems import Problem, UnreadableError
from archive.ingest.recording import record_refusal
from archive.ingest.reference import load_catalogue, load_observations
from archive.models import DataProduct
from instruments.science_window import ScienceWindowId


@dataclass(frozen=True, slots=True)
class Report:
    """What an ingest did.

    loaded, unchanged: numbers of Science Windows; added: those that were there already and got
    files of further instruments; others: catalogues and observation tables that brought something
    new. bad: files and folders that were skipped. problems: why, each fault.
    """

    loaded: int
    unchanged: int
    others: int
    bad: int
    problems: tuple[Problem, ...]
    added: int = 0

    @property
    def summary(self) -> str:
        """The outcome in a line."""
        added = f"{self.added} with further instruments' files, " if self.added else ""
        return (
            f"{self.loaded} Science Windows loaded, {added}{self.unchanged} unchanged, "
            f"{self.others} catalogues or observation tables updated, {self.bad} bad and skipped"
        )


def ingest(
    paths: Iterable[Path],
    *,
    progress: Callable[[Iterable[Examination], int], Iterable[Examination]] = lambda work, n: work,
    complain: Callable[[Problem], None] = lambda problem: None,
) -> Report:
    """Ingest trees in the archive's layout and single Science Windows' folders.

    progress: wraps the Science Windows as they are done, given how many there are.
    complain: is told of each problem at once.
    """
    found = find(paths)
    problems: list[Problem] = []
    counts = {"loaded": 0, "added": 0, "unchanged": 0, "others": 0, "bad": 0}

    def refuse(*faults: Problem) -> None:
        counts["bad"] += 1
        problems.extend(faults)
        for fault in faults:
            complain(fault)

    for problem in found.problems:
        refuse(problem)
    # observations first: they say when data become public
    for name, files, load_file in (
        ("ingest_observations", found.observations, load_observations),
        ("ingest_catalogue", found.catalogues, load_catalogue),
    ):
        for file in files:
            try:
                counts["others"] += load_file(file)
            except UnreadableError as wrong:
                refuse(wrong.problem)
                record_refusal(name, file.parent, [wrong.problem])
    work = _with_known_digests(found.science_windows)
    for examination in progress(examinations(work), len(work)):
        try:
            outcome = _enter(examination)
        except UnreadableError as wrong:
            refuse(wrong.problem)
            record_refusal("ingest", examination.folder, [wrong.problem])
            continue
        if outcome is not None:
            counts[outcome] += 1
        if examination.problems:
            refuse(*examination.problems)
            record_refusal("ingest", examination.folder, examination.problems)
    return Report(problems=tuple(problems), **counts)


def _enter(examination: Examination) -> str | None:
    """Load what was found; what became of the Science Window, ``None`` for a bad one."""
    if examination.content is not None:
        load(examination.content, examination.folder)
        return "loaded"
    if examination.added:
        identifier = ScienceWindowId.parse(examination.folder.name)
        add(identifier, examination.added, examination.folder)
        return "added"
    return "unchanged" if examination.is_unchanged else None


def _with_known_digests(folders: Sequence[Path]) -> list[Work]:
    """Each folder with the digests of the archive's files of that name, where it has them."""
    known: dict[str, dict[str, str]] = {}
    for scw, path, digest in DataProduct.objects.filter(
        science_window__in=[folder.name for folder in folders]
    ).values_list("science_window_id", "path", "sha256"):
        known.setdefault(str(scw), {})[Path(path).name] = digest
    return [(folder, known.get(folder.name)) for folder in folders]
