"""Every step of the engine ``coded_mask`` on three Science Windows, without cache or database.

``python engine_run.py ARCHIVE FOLDER DAYS [MADE]`` runs them in a process whose clock is ``DAYS``
ahead and whose host has another name, and prints kind, label, identity and SHA-256 of each result.
MADE: the folder of an earlier run, whose results they read instead of their own.
"""

import hashlib
import platform
import socket
import sys
import time
from pathlib import Path

from analysis.engines.coded_mask_engine import ENGINE
from analysis.engines.protocol import ExtractionPlan, FoundSources, ImagePlan, LightCurvePlan
from analysis.products.catalogue_source import CatalogueSource
from analysis.steps import RawFile, Step, StepInputs, in_order
from provenance.records import EntityRecord

CRAB = CatalogueSource("Crab", 83.6331, 22.0145)


def raw(path: Path, label: str) -> RawFile:
    """A file of the archive."""
    checksum = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    return RawFile(label, path, EntityRecord(label, checksum=checksum))


def targets(archive: Path, listed: Path | None) -> tuple[Step, ...]:
    """All that the engine makes of three Science Windows.

    listed: the mosaic's list of sources; without it steps are provisional.
    """
    folders = sorted((archive / "scw" / "0665").iterdir())[:3]
    events = [raw(folder / "isgri_events.fits.gz", folder.name) for folder in folders]
    (catalogue_path,) = (archive / "cat" / "hec").glob("gnrl_refr_cat_*.fits")
    catalogue = raw(catalogue_path, catalogue_path.name)
    plan = ImagePlan(20, 40, 7, title="IBIS/ISGRI mosaic", notice="Simulated")
    images = [ENGINE.image(file, catalogue, plan) for file in events]
    mosaic = ENGINE.mosaic(images, catalogue, plan, listed)
    extraction = ExtractionPlan("isgri", (CRAB,))
    curves = LightCurvePlan("isgri", (CRAB,), 20, 40, 200)
    found = FoundSources(mosaic.sources, listed)
    spectra = ENGINE.spectra(events, found, catalogue, extraction)
    timed = ENGINE.light_curves(events, found, catalogue, curves)
    return (
        *mosaic.all(),
        ENGINE.summed_spectra(spectra, found, extraction),
        ENGINE.joined_light_curves(timed, found, curves),
    )


def run(step: Step, folder: Path, made: Path | None = None) -> Path:
    """Run one step; its result, in ``folder`` by identity, where its inputs lie, or in ``made``."""
    output = folder / step.identity / step.kind.file_name
    output.parent.mkdir(parents=True)
    files = {
        role: tuple(
            node.path if isinstance(node, RawFile)
            else (made or folder) / node.identity / node.kind.file_name
            for node in nodes
        )
        for role, nodes in step.inputs.items()
    }  # fmt: skip
    step.kind.run(StepInputs(files), step.parameters, output, lambda message: None)
    return output


def main(archive: Path, folder: Path, days: float, made: Path) -> None:
    """Run all steps and tell their results' digests."""
    clock = time.time
    time.time = lambda: clock() + days * 86400
    socket.gethostname = platform.node = lambda: f"host-{days:g}"
    listed = None
    done: set[str] = set()
    for _ in range(2):  # what sources there are is known after the first round
        for step in in_order(targets(archive, listed)):
            if step.identity in done or not step.is_settled:
                continue
            done.add(step.identity)
            path = run(step, folder, made)
            checksum = hashlib.sha256(path.read_bytes()).hexdigest()
            print(step.kind.name, step.label or "-", step.identity, checksum, sep="\t")
            if step.kind.name == "mosaic_sources":
                listed = made / path.relative_to(folder)


if __name__ == "__main__":
    archive, folder, made = (Path(sys.argv[n]) for n in (1, 2, -1 if len(sys.argv) > 4 else 2))
    main(archive, folder, float(sys.argv[3]), made)
