"""Questions to begin with, as ADQL: those that the CTA's provenance use cases ask, and lineage."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Question:
    """A question as a query that runs; needs: the published tables that it reads."""

    identifier: str
    name: str
    text: str
    query: str
    needs: tuple[str, ...]


def questions(version: str) -> tuple[Question, ...]:
    """The questions; those that ask for a version of this server name ``version``."""
    return tuple(
        replace(
            question,
            text=question.text.replace(_VERSION, version),
            query=question.query.replace(_VERSION, version),
        )
        for question in _QUESTIONS
    )


_VERSION = "{version}"
_QUESTIONS = (
    Question(
        "provenance-version-target",
        "Images of a target by version of the pipeline",
        "Products around the Crab that version {version} of this server's imaging made.",
        "SELECT TOP 100 o.obs_publisher_did, o.obs_title, a.version, o.access_url\n"
        "FROM ivoa.obscore AS o\n"
        "JOIN provenance.was_generated_by AS g ON g.entity_id = o.obs_publisher_did\n"
        "JOIN provenance.activity AS a ON a.id = g.activity_id\n"
        "WHERE a.name = 'isgri_image' AND a.version = '{version}'\n"
        "AND 1 = CONTAINS(POINT('ICRS', o.s_ra, o.s_dec), CIRCLE('ICRS', 83.6331, 22.0145, 10))",
        ("ivoa.obscore", "provenance.was_generated_by", "provenance.activity"),
    ),
    Question(
        "provenance-option",
        "Products by an option of their making",
        "Products whose analysis looked at energies from 20 keV on, with the unit of the option.",
        'SELECT TOP 100 o.obs_publisher_did, o.obs_title, p.name, p."value", d.unit\n'
        "FROM ivoa.obscore AS o\n"
        "JOIN provenance.was_generated_by AS g ON g.entity_id = o.obs_publisher_did\n"
        "JOIN provenance.was_configured_by AS c ON c.activity_id = g.activity_id\n"
        "JOIN provenance.parameter AS p ON p.id = c.parameter_id\n"
        "JOIN provenance.parameter_description AS d ON d.id = p.parameter_description_id\n"
        "WHERE p.name = 'E1_keV' AND p.\"value\" IN ('20', '20.0')",
        (
            "ivoa.obscore",
            "provenance.was_generated_by",
            "provenance.was_configured_by",
            "provenance.parameter",
            "provenance.parameter_description",
        ),
    ),
    Question(
        "provenance-calibration",
        "Products by version of the calibration",
        "Products that depend, over any number of steps, on an edition of the reference catalogue.",
        "SELECT TOP 100 o.obs_publisher_did, o.obs_title, e.location, l.depth\n"
        "FROM provenance.entity AS e\n"
        "JOIN provenance.lineage AS l ON l.ancestor = e.id\n"
        "JOIN ivoa.obscore AS o ON o.obs_publisher_did = l.descendant\n"
        "WHERE e.location = 'cat/hec/gnrl_refr_cat_0043.fits'",
        ("ivoa.obscore", "provenance.entity", "provenance.lineage"),
    ),
    Question(
        "provenance-bad",
        "Products that depend on bad data",
        "Everything listed that was made from files which were marked as bad later, and why; in how"
        " many steps, and of which kinds.",
        "SELECT TOP 1000 o.obs_publisher_did, o.obs_title, bad.location, bad.invalidated_at_time,\n"
        "bad.comment, l.depth, l.path_kind\n"
        "FROM provenance.entity AS bad\n"
        "JOIN provenance.lineage AS l ON l.ancestor = bad.id\n"
        "JOIN ivoa.obscore AS o ON o.obs_publisher_did = l.descendant\n"
        "WHERE bad.invalidated_at_time IS NOT NULL AND bad.location LIKE 'scw/%'",
        ("ivoa.obscore", "provenance.entity", "provenance.lineage"),
    ),
    Question(
        "provenance-day",
        "Analyses of a day by version of the engine",
        "Analyses of one day, of those whose products are published, with results of steps that a"
        " version of an engine computed, for them or for others before. The embedded engine"
        " (coded_mask) has this server's version; of OSA, ask for d.subtype = 'osa' and s.name ="
        " 'OSA 11.2'.",
        "SELECT DISTINCT TOP 100 a.id, a.name, a.start_time, a.status, s.name AS software\n"
        "FROM provenance.activity AS a\n"
        "JOIN provenance.activity_description AS k ON k.id = a.activity_description_id\n"
        "JOIN provenance.was_informed_by AS i ON i.informed_id = a.id\n"
        "JOIN provenance.activity AS step ON step.id = i.informant_id\n"
        "JOIN provenance.activity_description AS d ON d.id = step.activity_description_id\n"
        "JOIN provenance.was_associated_with AS w ON w.activity_id = step.id\n"
        "JOIN provenance.agent AS s ON s.id = w.agent_id\n"
        "WHERE k.subtype = 'job' AND d.subtype = 'coded_mask' AND w.role = 'software'\n"
        "AND s.name = 'vo_server {version}'\n"
        "AND a.start_time >= '2026-11-21T00:00:00' AND a.start_time < '2026-11-22T00:00:00'",
        (
            "provenance.activity",
            "provenance.activity_description",
            "provenance.was_informed_by",
            "provenance.was_associated_with",
            "provenance.agent",
        ),
    ),
    Question(
        "provenance-lineage",
        "The Science Windows of an image",
        "The event lists that went into each image, over any number of steps.",
        "SELECT TOP 100 o.obs_publisher_did, e.location, l.depth, l.path_kind\n"
        "FROM ivoa.obscore AS o\n"
        "JOIN provenance.lineage AS l ON l.descendant = o.obs_publisher_did\n"
        "JOIN provenance.entity AS e ON e.id = l.ancestor\n"
        "WHERE o.dataproduct_type = 'image' AND e.location LIKE 'scw/%'",
        ("ivoa.obscore", "provenance.entity", "provenance.lineage"),
    ),
)
