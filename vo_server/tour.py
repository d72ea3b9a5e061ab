"""The tour: a stranger's first quarter of an hour with this server, by real clients.

It finds Crab pointings by ADQL, runs an image job on them, looks at what came out, asks the
provenance where it comes from and has it made again from that. It knows the server by its address
alone and imports no room.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import pyvo
import requests
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Row, Table
from astropy.time import Time
from defusedxml import ElementTree
from tqdm import tqdm

CRAB = SkyCoord(83.6331, 22.0145, unit="deg")
CRAB_PERIOD = ("2008-03-01T00:00:00", "2008-04-30T00:00:00")
RADIUS_DEG = 10
IMAGE_PARAMETERS = {"E1_keV": "20", "E2_keV": "40", "detection_threshold": "7"}
MAPS = {"INTENSITY", "VARIANCE", "SIGNIFICANCE", "EXPOSURE"}
JOB_TIME_LIMIT_S = 600
TIMEOUT_S = 60
UWS = "{http://www.ivoa.net/xml/UWS/v1.0}"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"


class TourError(Exception):
    """A step of the tour that did not give what it should."""


@dataclass(slots=True)
class Tour:
    """One walk through the server at ``url``; files go to ``folder``.

    tap: the TAP service. scws: the Science Windows found. results: the image job's files by
    result name. mosaic_id: the published mosaic's publisher identifier.
    """

    url: str
    folder: Path
    say: Callable[[str], None] = print
    scws: list[str] = field(default_factory=list)
    results: dict[str, Path] = field(default_factory=dict)
    mosaic_id: str = ""
    _tap: "pyvo.dal.TAPService | None" = None

    @property
    def tap(self) -> "pyvo.dal.TAPService":
        """The server's TAP service, as pyvo knows it."""
        if self._tap is None:
            self._tap = pyvo.dal.TAPService(f"{self.url}/tap")
        return self._tap

    def run(self) -> bool:
        """Walk all the way; true only if every step gave what it should."""
        started = time.monotonic()
        steps = (
            ("a", "find Crab pointings by ADQL", self.find),
            ("b", "make an image of them by a UWS job", self.analyse),
            ("c", "look for the Crab in it, and for it in the archive", self.check),
            ("d", "ask the provenance where the mosaic comes from", self.explain),
            ("e", "make it again from its provenance alone, and compare", self.reproduce),
        )
        for letter, title, step in steps:
            begun = time.monotonic()
            self.say(f"\n{letter}. {title}")
            try:
                step()
            except (
                TourError,
                pyvo.dal.exceptions.DALAccessError,
                requests.RequestException,
                OSError,
            ) as error:
                self.say(f"   FAILED after {time.monotonic() - begun:.1f} s: {error}")
                return False
            self.say(f"   done in {time.monotonic() - begun:.1f} s")
        self.say(f"\nThe tour took {time.monotonic() - started:.1f} s.")
        return True

    def find(self) -> None:
        """Step a: a cone search within a time range, on ``ivoa.obscore``."""
        start, end = (Time(t, scale="utc").mjd for t in CRAB_PERIOD)
        query = (
            "SELECT scw, obs_id, target_name, s_ra, s_dec, t_min, t_exptime, obs_collection"
            " FROM ivoa.obscore"
            " WHERE 1=CONTAINS(POINT('ICRS', s_ra, s_dec),"
            f" CIRCLE('ICRS', {CRAB.ra.deg}, {CRAB.dec.deg}, {RADIUS_DEG}))"
            f" AND t_min >= {start} AND t_max <= {end}"
            " AND dataproduct_type = 'event' AND instrument_name = 'IBIS/ISGRI'"
            " AND data_rights = 'public'"
            " ORDER BY t_min"
        )
        self.say(f"   {query}")
        rows = self.tap.search(query).to_table()
        if len(rows) == 0:
            raise TourError("no Science Window found around the Crab")
        self.scws = [str(scw) for scw in rows["scw"]]
        collections = ", ".join(sorted({str(c) for c in rows["obs_collection"]}))
        self.say(f"   {len(rows)} Science Windows found, collection {collections}")
        self.say(
            "   "
            + str(rows[:3]["scw", "s_ra", "s_dec", "t_min", "t_exptime"]).replace("\n", "\n   ")
        )

    def analyse(self) -> None:
        """Step b: an image job on the Science Windows found."""
        job = self._created_job(
            "isgri_image", {**IMAGE_PARAMETERS, "scw_list": ",".join(self.scws)}
        )
        self.say(f"   phase {self._phase(self._job(job))}: job created for {len(self.scws)} ScWs")
        self._post(f"{job}/phase", {"PHASE": "RUN"})
        document = self._finished_job(job)
        self.folder.mkdir(parents=True, exist_ok=True)
        for result in document.iterfind(f"{UWS}results/{UWS}result"):
            name = result.get("id", "")
            path = self.folder / f"{name}{_ending(result.get('mime-type', ''))}"
            answer = requests.get(result.get(XLINK_HREF, ""), timeout=TIMEOUT_S)
            answer.raise_for_status()
            path.write_bytes(answer.content)
            self.results[name] = path
            self.say(f"   result {name}: {len(answer.content) / 1024:.0f} kB -> {path}")
        missing = {"mosaic", "sources", "sources_fits", "preview"} - set(self.results)
        if missing:
            raise TourError(f"the job gave no {', '.join(sorted(missing))}")
        with fits.open(self.results["mosaic"]) as mosaic:
            found = {hdu.header.get("IMATYPE") for hdu in mosaic}
        if not found >= MAPS:
            raise TourError(f"the mosaic lacks {', '.join(sorted(MAPS - found))}")

    def check(self) -> None:
        """Step c: the Crab is the brightest, and the mosaic is in the archive."""
        sources = Table.read(self.results["sources"], format="votable")
        sources.sort("significance", reverse=True)
        best = sources[0]
        position = SkyCoord(best["ra"], best["dec"], unit="deg")
        offset = position.separation(CRAB).to_value(u.arcmin)
        self.say(
            f"   {len(sources)} sources; the most significant is {best['name']}"
            f" with {best['significance']:.1f} sigma,"
            f" {best['intensity']:.1f} ± {best['intensity_error']:.1f} count/s,"
            f" {offset:.2f} arcmin from the Crab's position"
        )
        if offset > 3:
            raise TourError("the most significant source is not within 3 arcmin of the Crab")
        self.mosaic_id = str(fits.getheader(self.results["mosaic"])["PROVENT"])
        rows = self.tap.search(
            "SELECT access_url FROM ivoa.obscore WHERE dataproduct_type = 'image'"
            f" AND calib_level = 3 AND obs_publisher_did = '{self.mosaic_id}'"
        ).to_table()
        if len(rows) != 1:
            raise TourError(f"the mosaic {self.mosaic_id} is not in ivoa.obscore")
        self.say(f"   in ivoa.obscore as {self.mosaic_id}")
        published = requests.get(str(rows[0]["access_url"]), timeout=TIMEOUT_S)
        published.raise_for_status()
        self.say(f"   published at {rows[0]['access_url']}, {len(published.content) / 1024:.0f} kB")
        self.say(f"   the picture: {self.results['preview']}")

    def explain(self) -> None:
        """Step d: from the mosaic back to the event files."""
        uses = self.tap.search(
            "SELECT g.entity_id AS made, a.name AS activity, u.entity_id AS used, u.role,"
            " e.name, e.location"
            " FROM provenance.was_generated_by AS g"
            " JOIN provenance.activity AS a ON a.id = g.activity_id"
            " JOIN provenance.used AS u ON u.activity_id = a.id"
            " JOIN provenance.entity AS e ON e.id = u.entity_id"
            f" WHERE g.entity_id = '{self.mosaic_id}' OR g.entity_id IN"
            f" (SELECT ancestor FROM provenance.lineage WHERE descendant = '{self.mosaic_id}')"
            " ORDER BY e.location, e.name"
        ).to_table()
        events = {str(place) for place in uses["location"] if str(place).startswith("scw/")}
        missing = [scw for scw in self.scws if not any(scw in place for place in events)]
        if missing:
            raise TourError(f"no way from the mosaic back to {', '.join(missing)}")
        self.say(f"   {self.mosaic_id}")
        for row in _longest_chain(self.mosaic_id, uses):
            place = f" = {row['location']}" if str(row["location"]).startswith("scw/") else ""
            self.say(f"      ← {row['activity']} ← {row['name']}{place}")
        self.say(f"   and so to {len(events)} event files: those of all Science Windows asked for")

    def reproduce(self, use_cache: str = "1") -> None:
        """Step e: the job that the mosaic's activity was, once more; all its products compared."""
        activity = str(fits.getheader(self.results["mosaic"])["PROVACT"])
        job = self._created_job("reproduce", {"ID": activity, "use_cache": use_cache})
        self._post(f"{job}/phase", {"PHASE": "RUN"})
        self._finished_job(job)
        answer = requests.get(f"{job}/results/comparison", timeout=TIMEOUT_S)
        answer.raise_for_status()
        comparison = answer.json()
        for product in comparison["products"]:
            self.say(f"   {product['result']}: {product['verdict']}")
        if not comparison["identical"] or not comparison["products"]:
            raise TourError(f"what was made again is not the same: {comparison}")

    def _created_job(self, job_type: str, parameters: dict[str, str]) -> str:
        answer = requests.post(
            f"{self.url}/uws/{job_type}",
            data=parameters,
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
        if answer.status_code != 303:
            raise TourError(f"the job was not created: {answer.status_code} {answer.text[:500]}")
        return answer.headers["Location"]

    def _finished_job(self, job: str) -> Element:
        """Wait by UWS, phase by phase, until the job ends; its last document."""
        document = self._job(job)
        phase = self._phase(document)
        self.say(f"   phase {phase}")
        deadline = time.monotonic() + JOB_TIME_LIMIT_S
        with _progress_bar() as show:
            while phase not in {"COMPLETED", "ERROR", "ABORTED"}:
                if time.monotonic() > deadline:
                    raise TourError(f"the job is still {phase} after {JOB_TIME_LIMIT_S} s")
                document = self._job(job, {"WAIT": "1", "PHASE": phase})
                show(document)
                now = self._phase(document)
                if now != phase:
                    tqdm.write(f"   phase {now}")
                    phase = now
        if phase != "COMPLETED":
            message = document.findtext(f"{UWS}errorSummary/{UWS}message", "no reason given")
            raise TourError(f"the job ended as {phase}: {message}")
        return document

    def _job(self, job: str, parameters: dict[str, str] | None = None) -> Element:
        answer = requests.get(job, params=parameters, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return ElementTree.fromstring(answer.content)

    def _post(self, url: str, data: dict[str, str]) -> None:
        answer = requests.post(url, data=data, timeout=TIMEOUT_S, allow_redirects=False)
        if answer.status_code >= 400:
            raise TourError(f"{urlsplit(url).path}: {answer.status_code} {answer.text[:500]}")

    @staticmethod
    def _phase(document: Element) -> str:
        return document.findtext(f"{UWS}phase", "UNKNOWN")


def _longest_chain(product: str, uses: Table) -> list[Row]:
    """From a product back, use by use, on the longest way to an event file."""
    used: dict[str, list[Row]] = {}
    for row in uses:
        # the job that gave the mosaic had its source list and picture in hand too
        if row["made"] != product or row["role"] == "mosaic":
            used.setdefault(str(row["made"]), []).append(row)

    @cache
    def chain(entity: str) -> tuple[Row, ...]:
        ways = (
            (row, *chain(str(row["used"])))
            for row in used.get(entity, ())
            if chain(str(row["used"])) or str(row["location"]).startswith("scw/")
        )
        return max(ways, key=len, default=())

    return list(chain(product))


@contextmanager
def _progress_bar() -> Iterator[Callable[[Element], None]]:
    """A bar that follows the progress told in a job's ``jobInfo``."""
    with tqdm(total=1, desc="   job", unit="step", leave=False) as bar:

        def show(document: Element) -> None:
            for node in document.iterfind(f"{UWS}jobInfo/{{*}}progress"):
                bar.total = float(node.get("total", "1"))
                bar.n = float(node.get("done", "0"))
                bar.set_postfix_str(node.text or "")

        yield show


def _ending(media_type: str) -> str:
    """File name ending of a result of that media type."""
    kind = media_type.partition(";")[0]
    return {
        "application/fits": ".fits",
        "image/fits": ".fits",
        "application/x-votable+xml": ".vot",
        "image/png": ".png",
        "text/plain": ".txt",
    }.get(kind, "")
