"""The mosaics that a long history is copied from, one for each edition of what all have in common.

Identifiers say what a thing is: ``shared`` between all, of a Science ``window``, or of a ``job``;
the edition, and its number among its likes.
"""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from own_server import OwnServer

EDITIONS = 4
#: Science Windows of a mosaic
SIZE = 50
#: what was made of each mosaic's first product, one from the other
CHAIN = 10
PRODUCTS = 4
#: entities that a job makes: two mosaics, sources, cleaned images, products, their collection
ENTITIES = 3 + SIZE + PRODUCTS + 1 + CHAIN
ACTIVITIES = 4 + SIZE + CHAIN


def version_of(edition: int) -> str:
    """The version of the server that made an edition."""
    return f"0.{edition + 1}.0"


def enter_models(server: OwnServer) -> None:
    """Let the store enter a mosaic for each edition of the calibration and the catalogue."""
    use_django(server)
    from django.db import connection

    from provenance.store import enter

    for edition in range(EDITIONS):
        enter(_model(edition))
    connection.close()


def use_django(server: OwnServer) -> None:
    """Let Django work in this process, with that server's database."""
    os.environ.update(server.environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "vo_server.settings"
    import django

    django.setup()


def _step(kind: str, number: int, edition: int, name: str, used: list[str], made: list[str]) -> Any:
    """An activity, with all that the server records of one."""
    from provenance import (
        ActivityRecord,
        AgentRecord,
        AgentType,
        EntityRecord,
        GeneratedRecord,
        InvolvedRecord,
        ParameterRecord,
        UsedRecord,
    )

    now = datetime.now(UTC)
    software = AgentRecord(
        f"ivo://bench/software?{edition}",
        f"vo_server {version_of(edition)}",
        type=AgentType.SOFTWARE,
    )
    return ActivityRecord(
        f"ivo://model/activity?{kind}-{edition}-{number}",
        name,
        version=version_of(edition),
        start=now,
        end=now + timedelta(seconds=9),
        used=tuple(UsedRecord(EntityRecord.reference(e), "input", now) for e in used),
        generated=tuple(
            GeneratedRecord(
                EntityRecord(
                    e,
                    name=f"{name}.fits",
                    content_type="application/fits",
                    checksum="sha256:0",
                    step_identity="0",
                    public=True,
                ),
                name,
            )
            for e in made
        ),
        agents=(InvolvedRecord(software, "software"),),
        parameters=(ParameterRecord("engine", "coded_mask"),),
        public=True,
    )


def _model(edition: int) -> list[Any]:
    """A mosaic, and all that it comes from."""
    from provenance import EntityClass, EntityRecord, ParameterRecord

    def one(kind: str, number: int) -> str:
        return f"ivo://model/e?{kind}-{edition}-{number}"

    raw, response, catalogue = (one("shared", n) for n in range(3))
    before = (f"ivo://model/e?shared-{edition - 1}-2",) if edition else ()
    records: list[Any] = [
        EntityRecord(raw, location=f"ic/raw_{edition}.fits", public=True),
        EntityRecord(
            catalogue,
            location=f"cat/hec/gnrl_refr_cat_{edition:04d}.fits",
            public=True,
            derived_from=before,
        ),
        _step("shared", 1, edition, "calibration", [raw], [response]),
    ]
    windows = []
    for k in range(SIZE):
        events, shadowgram, image = (one("window", k * 10 + n) for n in range(3))
        records += [
            EntityRecord(events, public=True),
            _step("window", k * 10 + 1, edition, "shadowgram", [events, response], [shadowgram]),
            _step("window", k * 10 + 2, edition, "sky_image", [shadowgram, catalogue], [image]),
        ]
        windows.append((shadowgram, image))
    first, sources = one("job", 0), one("job", 1)
    cleaned = [one("job", 2 + k) for k in range(SIZE)]
    last = one("job", 2 + SIZE)
    products = [one("job", 3 + SIZE + k) for k in range(PRODUCTS)]
    images = [image for _, image in windows]
    records += [
        _step("job", 0, edition, "mosaic", images, [first]),
        _step("job", 1, edition, "mosaic_sources", [first, catalogue], [sources]),
        *(
            _step("job", 2 + k, edition, "clean", [*windows[k], sources], [cleaned[k]])
            for k in range(SIZE)
        ),
        _step("job", 2 + SIZE, edition, "mosaic", cleaned, [last]),
    ]
    job = _step("job", 3 + SIZE, edition, "isgri_image", [sources, last], products)
    records.append(
        replace(
            job,
            parameters=(
                ParameterRecord("E1_keV", "20", "double", unit="keV"),
                ParameterRecord("E2_keV", "40", "double", unit="keV"),
            ),
            informants=tuple(f"ivo://model/activity?job-{edition}-{n}" for n in range(3 + SIZE)),
            generated=tuple(
                replace(made, entity=replace(made.entity, derived_from=(sources, last)))
                for made in job.generated
            ),
        )
    )
    records.append(
        EntityRecord(
            one("job", 3 + SIZE + PRODUCTS),
            entity_class=EntityClass.COLLECTION,
            members=tuple(products),
            public=True,
        )
    )
    chain = [products[0], *(one("job", 4 + SIZE + PRODUCTS + n) for n in range(CHAIN))]
    records += [
        _step("job", 4 + SIZE + n, edition, "later_step", [chain[n]], [chain[n + 1]])
        for n in range(CHAIN)
    ]
    return records
