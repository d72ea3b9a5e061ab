"""The history of a mosaic of many Science Windows, as the embedded engine's jobs record it."""

from datetime import UTC, datetime, timedelta

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

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SOFTWARE = tuple(
    InvolvedRecord(AgentRecord(f"ivo://x/agent?{name}", name, AgentType.SOFTWARE), role)
    for name, role in (
        ("vo_server-0.1.0", "software"), ("numpy-2.5", "software"), ("CPython-3.11", "platform"),
    )
)  # fmt: skip
PRODUCT = "ivo://x/product?mosaic"


def mosaic_history(windows: int) -> tuple[ActivityRecord | EntityRecord, ...]:
    """Everything from the event lists to the job's mosaic, public."""
    records: list[ActivityRecord | EntityRecord] = []

    def entity(name: str, kind: str) -> EntityRecord:
        return EntityRecord(
            f"ivo://x/entity?{name}", f"{kind}.fits {name}", content_type="application/fits",
            description=kind, generated_at=NOON, public=True,
        )  # fmt: skip

    def step(
        name: str, kind: str, used: list[tuple[str, EntityRecord]], **parameters: str
    ) -> EntityRecord:
        made = entity(name, kind)
        records.append(
            ActivityRecord(
                f"ivo://x/activity?{name}", kind, "2", NOON - timedelta(seconds=2), NOON,
                used=tuple(UsedRecord(e, role, NOON - timedelta(seconds=1)) for role, e in used),
                generated=(GeneratedRecord(made, kind),), agents=SOFTWARE, public=True,
                parameters=tuple(ParameterRecord(*item) for item in parameters.items()),
            )
        )  # fmt: skip
        return made

    catalogue = EntityRecord(
        "ivo://x/archive?cat/hec/gnrl_refr_cat_0043.fits", "gnrl_refr_cat_0043.fits",
        "cat/hec/gnrl_refr_cat_0043.fits", description="reference_catalogue", public=True,
    )  # fmt: skip
    shadowgrams, images = [], []
    for number in range(windows):
        scw = f"0665{number:04d}0010.001"
        raw = EntityRecord(
            f"ivo://x/archive?scw/0665/{scw}/isgri_events", "isgri_events.fits",
            f"scw/0665/{scw}/isgri_events.fits", description="isgri_events", public=True,
        )  # fmt: skip
        events = step(f"e{number}", "events", [("events", raw)], scw=scw)
        shadowgram = step(f"s{number}", "shadowgram", [("events", events)], e_min_kev="20")
        images.append(
            step(f"i{number}", "sky_image", [("shadowgram", shadowgram), ("catalogue", catalogue)])
        )
        shadowgrams.append(shadowgram)
    first = step("first", "mosaic", [("image", image) for image in images])
    sources = step(
        "sources", "mosaic_sources",
        [("mosaic", first), *(("sky_image", i) for i in images),
         *(("shadowgram", s) for s in shadowgrams), ("catalogue", catalogue)],
    )  # fmt: skip
    cleaned = [
        step(f"c{number}", "clean", [("shadowgram", shadowgram), ("sources", sources)])
        for number, shadowgram in enumerate(shadowgrams)
    ]
    mosaic = step("mosaic", "mosaic", [("image", image) for image in cleaned])
    records.append(
        ActivityRecord(
            "ivo://x/activity?job", "isgri_image", "0.1.0", NOON, NOON + timedelta(minutes=1),
            used=(UsedRecord(mosaic, "mosaic", NOON), UsedRecord(sources, "mosaic_sources", NOON)),
            generated=(
                GeneratedRecord(
                    EntityRecord(PRODUCT, "isgri_mosaic.fits", description="mosaic", public=True,
                                 generated_at=NOON + timedelta(minutes=1)),
                    "mosaic",
                ),
            ),
            agents=SOFTWARE, public=True,
            parameters=(
                ParameterRecord("scw_list", ",".join(f"0665{n:04d}0010.001"
                                                     for n in range(windows))),
                ParameterRecord("E1_keV", "20", "double", "keV"),
            ),
        )
    )  # fmt: skip
    return tuple(records)
