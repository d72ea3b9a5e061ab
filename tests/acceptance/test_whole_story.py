"""From Science Windows to a fit, by real clients; then every question of how it was made.

One story, told in one test since each part builds on the one before: ingest, mosaic, spectrum,
fit; the questions of the CTA's provenance use cases; a Science Window that turns out to be bad;
everything made again from its provenance.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pyvo
import requests
from django.core.management import call_command
from provenance_model import check_descriptions, check_documents
from pyvo.dal.adhoc import DatalinkResults

from fixtures.sky import source_named
from provenance.tables.questions import questions
from vo_server import __version__

Serving = Callable[[Path], AbstractContextManager[Any]]
TIMEOUT_S = 60
UWS = "http://www.ivoa.net/xml/UWS/v1.0"


@dataclass(frozen=True)
class Astronomer:
    """Somebody who knows the server's address and the VO's protocols."""

    url: str

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query, through pyvo."""
        table = pyvo.dal.TAPService(f"{self.url}/tap").search(query).to_table()
        return [dict(zip(table.colnames, row, strict=True)) for row in table]

    def job(self, job_type: str, **parameters: str) -> dict[str, str]:
        """Runs a job to its end; addresses of its results by name."""
        from xml.etree import ElementTree

        sent = requests.post(
            f"{self.url}/uws/{job_type}",
            data={**parameters, "PHASE": "RUN"},
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
        assert sent.status_code == 303, sent.text
        end = time.monotonic() + 300
        while True:
            answer = requests.get(f"{sent.headers['Location']}?WAIT=20", timeout=TIMEOUT_S)
            document = ElementTree.fromstring(answer.content)  # noqa: S314 - our own server's
            phase = document.findtext(f"{{{UWS}}}phase")
            if phase in {"COMPLETED", "ERROR", "ABORTED"}:
                break
            assert time.monotonic() < end, f"{job_type} is still {phase}"
        message = document.findtext(f"{{{UWS}}}errorSummary/{{{UWS}}}message")
        assert phase == "COMPLETED", message
        return {
            result.get("id", ""): result.get("{http://www.w3.org/1999/xlink}href", "")
            for result in document.iter(f"{{{UWS}}}result")
        }

    def published(self, where: str) -> list[str]:
        """Publisher identifiers of products."""
        rows = self.ask(f"SELECT obs_publisher_did FROM ivoa.obscore WHERE {where}")
        return [str(row["obs_publisher_did"]) for row in rows]

    def reproduced(self, identifier: str) -> dict[str, Any]:
        """The comparison of a product with itself made again."""
        results = self.job("reproduce", ID=identifier)
        answer = requests.get(results["comparison"], timeout=TIMEOUT_S)
        comparison: dict[str, Any] = answer.json()
        return comparison


@pytest.mark.usefixtures("live_database")
def test_from_science_windows_to_a_fit_and_back(
    serving: Serving, simulated_archive: Path, django_db_blocker: Any
) -> None:
    with serving(simulated_archive) as server:
        astronomer = Astronomer(server.url)
        scws = [
            str(row["scw"])
            for row in astronomer.ask(
                "SELECT DISTINCT scw FROM ivoa.obscore WHERE instrument_name = 'IBIS/ISGRI'"
                " AND dataproduct_type = 'event' AND data_rights = 'public'"
                " AND 1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE(83.6331, 22.0145, 10))"
                " ORDER BY scw"
            )
        ][:2]
        chosen = ",".join(scws)
        astronomer.job("isgri_image", scw_list=chosen, E1_keV="20", E2_keV="40")
        astronomer.job("isgri_spectrum", scw_list=chosen, src_name="Crab")
        (mosaic,) = astronomer.published("dataproduct_type = 'image' AND calib_level = 3")
        spectra = astronomer.published(
            "dataproduct_type = 'spectrum' AND target_name = 'Crab' AND calib_level = 3"
        )
        spectrum = spectra[0]
        results = astronomer.job("spectral_fit", ID=spectrum, xspec_model="powerlaw")
        fit = requests.get(results["fit"], timeout=TIMEOUT_S).json()
        (index,) = (p for p in fit["parameters"] if p["name"] == "PhoIndex")
        offset = abs(index["value"] - source_named("Crab").spectrum.photon_index)
        assert offset < 4 * index["error"], fit
        fits = astronomer.ask(
            "SELECT DISTINCT g.entity_id AS fit FROM provenance.activity AS a"
            " JOIN provenance.was_generated_by AS g ON g.activity_id = a.id"
            " WHERE a.name = 'spectral_fit' AND g.role = 'fit'"
        )
        assert len(fits) == 1

        check_descriptions(astronomer.ask)
        check_documents(server.url, spectrum)

        # the questions of the examples page, each by a client
        examples = {question.identifier: question.query for question in questions(__version__)}
        today = datetime.now(UTC).date()
        day = (("2026-11-21", today), ("2026-11-22", today + timedelta(days=1)))
        for usual, asked in day:
            examples = {name: q.replace(usual, str(asked)) for name, q in examples.items()}
        answers = {name: astronomer.ask(query) for name, query in examples.items()}
        assert mosaic in _of(answers["provenance-version-target"], "obs_publisher_did")
        assert _of(answers["provenance-option"], "unit") == {"keV"}
        assert mosaic in _of(answers["provenance-option"], "obs_publisher_did")
        depending = _of(answers["provenance-calibration"], "obs_publisher_did")
        assert {mosaic, spectrum} <= depending
        assert answers["provenance-bad"] == [], "nothing is bad yet"
        ran = _of(answers["provenance-day"], "name")
        assert {"isgri_image", "isgri_spectrum"} <= ran
        assert "spectral_fit" not in ran, "another engine's steps"
        fitted = examples["provenance-day"].replace("'coded_mask'", "'fitting'")
        assert _of(astronomer.ask(fitted), "name") == {"spectral_fit"}
        events = {
            str(row["location"]).split("/")[2]
            for row in answers["provenance-lineage"]
            if row["obs_publisher_did"] == mosaic
        }
        assert events == set(scws)

        # the fit comes from the events, by a join and without recursion
        way = astronomer.ask(
            "SELECT DISTINCT e.location FROM provenance.lineage AS l"
            " JOIN provenance.entity AS e ON e.id = l.ancestor"
            f" WHERE l.descendant = '{fits[0]['fit']}' AND e.location LIKE 'scw/%'"
        )
        assert {str(row["location"]).split("/")[2] for row in way} == set(scws)

        # one of the Science Windows turns out to be bad: all that depends on it is found
        with django_db_blocker.unblock():
            call_command("mark_bad", scws[0], "solar flare", verbosity=0)
        found = astronomer.ask(examples["provenance-bad"])
        assert {mosaic, spectrum} <= _of(found, "obs_publisher_did")
        assert {str(row["location"]).split("/")[2] for row in found} == {scws[0]}
        assert all("solar flare" in str(row["comment"]) for row in found)

        # everything again from its provenance alone
        for product in (mosaic, spectrum, str(fits[0]["fit"])):
            comparison = astronomer.reproduced(product)
            assert comparison["identical"], comparison["products"]

        links = DatalinkResults.from_result_url(f"{server.url}/datalink/links?ID={spectrum}")
        assert "#this" in {str(link["semantics"]) for link in links}


def _of(rows: list[dict[str, Any]], column: str) -> set[str]:
    return {str(row[column]) for row in rows}
