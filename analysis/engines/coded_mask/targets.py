"""Which sources are fitted to a Science Window when spectra and light curves are extracted."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analysis.engines.coded_mask.camera import Camera
from analysis.engines.coded_mask.extraction import Target
from analysis.engines.coded_mask.matching import match_radius_deg, separation_deg
from analysis.engines.coded_mask.modelled_sources import ModelledSource
from analysis.products.catalogue_source import CatalogueSource

#: Sources nearer than this part of the resolution can't be told apart: they are one.
APART = 0.25


def targets(
    wanted: Sequence[CatalogueSource], found: Sequence[ModelledSource], camera: Camera
) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """The sources to fit, those wanted first, and messages about sources that are one.

    wanted: fitted in any case, where they are said to be, unless an image found them so bright
    that its position is better. found: the sources of a mosaic, where they are modelled.
    """
    chosen: list[Target] = []
    messages: list[str] = []
    rest = list(found)
    for source in wanted:
        same = _same(source, rest, camera)
        at = Target(source.name, source.ra, source.dec)
        if same is not None:
            rest.remove(same)
            if same.bright:
                at = Target(source.name, same.ra, same.dec)
        _add(chosen, at, camera, messages)
    for row in rest:
        _add(chosen, Target(row.name, row.ra, row.dec, row.new_source), camera, messages)
    return tuple(chosen), tuple(messages)


def nameless(target: Target) -> Target:
    """The target as a single Science Window fits it.

    A new source's name is its number in the list of one mosaic. Another mosaic may count
    otherwise: what both share knows it by its position.
    """
    if not target.new_source:
        return target
    return replace(target, name=f"NEW at {target.ra:.6f} {target.dec:+.6f}")


def _same(
    source: CatalogueSource, found: Sequence[ModelledSource], camera: Camera
) -> ModelledSource | None:
    """The row of a list that is this source: by name, or by place where it has another name."""
    for row in found:
        if row.name == source.name:
            return row
    near = [
        (separation_deg(source.ra, source.dec, row.ra, row.dec), n) for n, row in enumerate(found)
    ]
    if not near:
        return None
    distance, n = min(near)
    radius = match_radius_deg(found[n].error_deg, camera.resolution_deg)
    return found[n] if distance <= radius else None


def _add(chosen: list[Target], target: Target, camera: Camera, messages: list[str]) -> None:
    limit_deg = float(np.degrees(APART * camera.resolution_tangent))
    for other in chosen:
        if separation_deg(target.ra, target.dec, other.ra, other.dec) < limit_deg:
            messages.append(f"{target.name} can't be told apart from {other.name}: left out")
            return
        if target.name == other.name:
            messages.append(f"{target.name} is listed twice: the second place is left out")
            return
    chosen.append(target)


def as_parameter(sources: Sequence[CatalogueSource]) -> str:
    """Sources as a step's parameter."""
    return json.dumps([[source.name, source.ra, source.dec] for source in sources])


def from_parameter(text: str) -> tuple[CatalogueSource, ...]:
    """What `as_parameter` gave."""
    return tuple(CatalogueSource(str(n), float(ra), float(dec)) for n, ra, dec in json.loads(text))


def targets_as_parameter(chosen: Sequence[Target]) -> str:
    """Targets as a step's parameter."""
    return json.dumps([[t.name, t.ra, t.dec, t.new_source] for t in chosen])


def targets_from_parameter(text: str) -> tuple[Target, ...]:
    """What `targets_as_parameter` gave."""
    return tuple(
        Target(str(name), float(ra), float(dec), bool(new))
        for name, ra, dec, new in json.loads(text)
    )
