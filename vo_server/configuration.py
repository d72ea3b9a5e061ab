"""Every setting of this server, once: its environment variable, type, default and meaning.

``docs/settings.md`` is written from this class (``manage.py document_settings``). The environment
comes first, then the file ``var/environment`` that set-up writes for the private cluster.
"""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dali.fetching import networks

PROJECT_ROOT = Path(__file__).resolve().parent.parent
VAR = PROJECT_ROOT / "var"


class Configuration(BaseSettings):
    """What an operator can set. Names of environment variables are case-insensitive."""

    model_config = SettingsConfigDict(
        env_file=VAR / "environment", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    database_url: str = Field(
        default="",
        description="PostgreSQL of the owner: `postgresql://user:password@host:port/name`, "
        "or `postgresql://user@/name?host=/socket/folder`. Empty: the private cluster of `make`.",
    )
    vo_reader_database_url: str = Field(
        default="",
        description="The same database as the role that runs users' SQL, with rights to read "
        "published views only.",
    )
    site_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Address under which clients reach this server; all links start with it.",
    )
    vo_allowed_hosts: str = Field(
        default="",
        description="Further host names the server answers to, separated by commas. The host of "
        "SITE_URL, localhost and 127.0.0.1 always are.",
    )
    vo_debug: bool = Field(default=False, description="Django's debug pages. Never in production.")
    vo_log_level: str = Field(default="INFO", description="Least level of logged messages.")
    vo_log_format: Literal["plain", "json"] = Field(
        default="plain",
        description="Logged lines as text, or each as one JSON object with the ids of its request "
        "and job.",
    )
    vo_secret_key: str = Field(
        default="", description="Django's secret key. Empty: made once in `var/secret_key`."
    )
    vo_max_request_bytes: int = Field(
        default=256_000_000,
        gt=0,
        description="Largest request body, uploads included, in bytes; above it the answer is 413.",
    )
    vo_authority: str = Field(
        default="x-unregistered.vo-server",
        description="IVOA authority in publisher identifiers (`ivo://<authority>/…`). "
        "The default is marked as unregistered.",
    )
    vo_publisher: str = Field(
        default="", description="Data centre that runs this server, as query results name it."
    )
    vo_contact: str = Field(
        default="", description="E-mail or web address for questions, told in query results."
    )
    vo_citation: str = Field(
        default="2003A&A...411L...1W",
        description="What users of the data are asked to cite, told in query results: a bibcode, "
        "a DOI or a reference in words. The default is the paper on the INTEGRAL mission "
        "(Winkler et al. 2003).",
    )
    vo_rights: str = Field(
        default="Whether a file is public is said in its row's data_rights and obs_release_date. "
        "What is simulated (obs_collection INTEGRAL-SIM) is no observation.",
        description="Rights and licence of the data in words, told in query results.",
    )
    vo_rights_uri: str = Field(
        default="",
        description="Address of the data's licence, as in "
        "`https://spdx.org/licenses/CC-BY-4.0.html`, told in query results.",
    )
    vo_provenance_retention_days: float = Field(
        default=365.0,
        ge=0,
        description="Days for which the provenance of what isn't published is kept; 0: for ever. "
        "That of published products is never removed.",
    )
    vo_sparql_graph_store: str = Field(
        default="",
        description="Address of a SPARQL 1.1 Graph Store, such as Fuseki's "
        "`http://host:3030/provenance/data`, to which public activities are sent as RDF. "
        "Empty: nothing is sent.",
    )
    vo_sparql_user: str = Field(default="", description="Account at the graph store, if it asks.")
    vo_sparql_password: str = Field(default="", description="Password of that account.")
    vo_archive_root: Path = Field(
        default=VAR / "archive",
        description="Root of the INTEGRAL archive (`scw/`, `cat/`).",
    )
    vo_sesame_url: str = Field(
        default="",
        description="Address of a Sesame name resolver, such as "
        "`https://cds.unistra.fr/cgi-bin/nph-sesame`, asked for names of objects that the "
        "reference catalogue doesn't have. Empty: none is.",
    )
    vo_product_root: Path = Field(
        default=VAR / "products", description="Folder of published products."
    )
    vo_job_root: Path = Field(default=VAR / "jobs", description="Folder of jobs' results.")
    vo_analysis_processes: int = Field(
        default=0,
        ge=0,
        description="Steps of analyses that this machine runs at once. 0: one per processor.",
    )
    vo_analysis_most_failed: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of a mosaic's Science Windows that may fail; it is made without them, "
        "and says which. Where more fail, the job does.",
    )
    vo_dask_scheduler: str = Field(
        default="",
        description="Address of a site's Dask scheduler that runs the steps of analyses, "
        "`tcp://…` or `tls://…`. Empty: a cluster of this machine's, started when it is needed.",
    )
    vo_dask_patience_s: float = Field(
        default=300.0,
        gt=0,
        description="How long a job waits for a Dask scheduler or workers that can't be reached, "
        "in seconds, before it fails.",
    )
    vo_analysis_engines: str = Field(
        default="",
        description="Modules of further engines, importable names separated by commas; each has a "
        "`DECLARATION` (docs/analysis.md).",
    )
    vo_osa_root: str = Field(
        default="",
        description="Where OSA is installed (its ISDC_ENV), for the engine `osa` (docs/osa.md). "
        "With a command prefix: its place inside the container, empty if that knows it itself.",
    )
    vo_osa_command_prefix: str = Field(
        default="",
        description="Command that every call of OSA is handed to, such as "
        "`apptainer exec /opt/osa.sif`. Empty: OSA is called directly.",
    )
    vo_osa_rep_base_prod: str = Field(
        default="",
        description="Repository that OSA reads (`scw`, `aux`, `cat`, `ic`, `idx`). "
        "Empty: VO_ARCHIVE_ROOT.",
    )
    vo_osa_ref_cat: str = Field(
        default="",
        description="OSA's reference catalogue with its extension (ISDC_REF_CAT). Empty: the "
        "newest in `cat/hec` of the repository.",
    )
    vo_osa_ic_alias: str = Field(
        default="OSA", description="Alias of the instrument characteristics to use (IC_Alias)."
    )
    vo_osa_version: str = Field(
        default="OSA11.2", description="Version of OSA that is installed, as told to users."
    )
    vo_osa_timeout_s: float = Field(
        default=21600.0, gt=0, description="Longest time that one call of OSA may take, in seconds."
    )
    vo_cache_root: Path = Field(
        default=VAR / "cache", description="Folder of the analysis' content-addressed cache."
    )
    vo_cache_max_bytes: int = Field(
        default=50_000_000_000,
        gt=0,
        description="Bytes that the cache may hold; above it the least valuable results are given "
        "up (docs/operations.md).",
    )
    vo_uws_worker_jobs: int = Field(
        default=2, ge=0, description="How many long jobs (analyses) one worker runs at once."
    )
    vo_uws_worker_short_jobs: int = Field(
        default=4,
        ge=0,
        description="How many short jobs (queries) one worker runs at once, beside the long ones.",
    )
    vo_uws_job_memory_bytes: int = Field(
        default=8_000_000_000,
        ge=0,
        description="Memory that the process of a job, and each that it starts, may have of its "
        "own, in bytes; a job that needs more is an ERROR that says so. 0: no limit.",
    )
    vo_uws_running_per_owner: int = Field(
        default=8,
        ge=1,
        description="Jobs of one account that run at once in each queue, short or long; further "
        "ones wait.",
    )
    vo_uws_running_anonymous: int = Field(
        default=16,
        ge=1,
        description="Jobs of all anonymous clients together that run at once in each queue.",
    )
    vo_uws_running_at_most: int = Field(
        default=1000, ge=1, description="Jobs that run at once in each queue, on all workers."
    )
    vo_uws_queued_per_owner: int = Field(
        default=1000,
        ge=1,
        description="Jobs of one account that wait at once; handing in a further one is refused.",
    )
    vo_uws_queued_anonymous: int = Field(
        default=1000,
        ge=1,
        description="Jobs of all anonymous clients together that wait at once.",
    )
    vo_uws_jobs_per_owner: int = Field(
        default=10_000, ge=1, description="Jobs that one account may have, in any phase."
    )
    vo_uws_bytes_per_owner: int = Field(
        default=100_000_000_000,
        gt=0,
        description="Bytes of results that the jobs of one account may hold; a further job is "
        "refused until some are deleted.",
    )
    vo_uws_jobs_anonymous: int = Field(
        default=100_000,
        gt=0,
        description="Jobs of all anonymous clients together, in any phase.",
    )
    vo_uws_bytes_anonymous: int = Field(
        default=100_000_000_000,
        gt=0,
        description="Bytes of results that the jobs of all anonymous clients together may hold, "
        "counted every few seconds; further jobs are refused until some have expired.",
    )
    vo_uws_list_anonymous: bool = Field(
        default=False,
        description="Whether job lists show anonymous clients all anonymous jobs, which then are "
        "anybody's. Else their lists are empty, and knowing a job's address is the right to it.",
    )
    vo_uws_job_modules: str = Field(
        default="",
        description="Further Python modules whose `job_types` are offered, separated by commas.",
    )
    vo_uws_lease_s: float = Field(
        default=10.0,
        ge=1.0,
        description="Seconds without a heartbeat after which a worker's jobs are taken up again.",
    )
    vo_uws_max_attempts: int = Field(
        default=3,
        ge=1,
        description="How often a job is begun, where its process or worker dies, before it is "
        "an ERROR.",
    )
    vo_uws_default_execution_duration_s: int = Field(
        default=4 * 3600, ge=1, description="Seconds that a job may run where its owner says none."
    )
    vo_uws_max_execution_duration_s: int = Field(
        default=24 * 3600, ge=1, description="Most seconds that an owner may let a job run."
    )
    vo_uws_default_destruction_days: float = Field(
        default=30.0, gt=0, description="Days after which a job is destroyed with its results."
    )
    vo_uws_max_destruction_days: float = Field(
        default=365.0, gt=0, description="Most days that an owner may keep a job."
    )
    vo_uws_archive_days: float = Field(
        default=0.0,
        ge=0,
        description="Days for which the description of a destroyed job is kept, without its "
        "results, in the phase ARCHIVED. 0: it is gone at once.",
    )
    vo_uws_max_wait_s: float = Field(
        default=60.0,
        ge=0,
        description="Longest time that a blocking request (WAIT) is held, in seconds; below the "
        "time-out of proxies.",
    )
    vo_uws_notify: str = Field(
        default="",
        description="How owners may have themselves told of their jobs' phases: `webhook`, "
        "`email`, or both, separated by a comma. Empty: not at all.",
    )
    vo_uws_notify_networks: str = Field(
        default="",
        description="Networks in which webhooks may be although their addresses aren't public, "
        "separated by commas.",
    )
    vo_uws_notify_retry_s: float = Field(
        default=60.0,
        ge=0.1,
        description="Seconds until a notice that could not be told is told again; each further "
        "pause is twice as long, and the eighth time is the last.",
    )
    vo_email_url: str = Field(
        default="smtp://localhost:25",
        description="The mail server: `smtp://user:password@host:25`, `smtp+tls://…:587` "
        "(STARTTLS) or `smtps://…:465`.",
    )
    vo_email_from: str = Field(
        default="",
        description="Sender of letters. Empty: `vo_server@` and the host of SITE_URL.",
    )
    vo_tap_maxrec: int = Field(
        default=100_000, ge=1, description="Rows of a TAP result where MAXREC is not given."
    )
    vo_tap_maxrec_hard: int = Field(
        default=10_000_000, ge=1, description="Rows of a TAP result at most, whatever MAXREC says."
    )
    vo_tap_sync_timeout_s: int = Field(
        default=60, ge=1, description="Seconds that a query at `/tap/sync` may take."
    )
    vo_tap_sync_queries: int = Field(
        default=16,
        ge=1,
        description="Synchronous queries that run at a time in one process of the web server; "
        "further ones wait.",
    )
    vo_tap_upload_max_rows: int = Field(
        default=500_000, ge=1, description="Rows of an uploaded table at most."
    )
    vo_tap_upload_max_bytes: int = Field(
        default=100_000_000, ge=1, description="Bytes of an uploaded table's document at most."
    )
    vo_tap_upload_memory_bytes: int = Field(
        default=1_000_000_000,
        ge=100_000_000,
        description="Bytes of memory that reading the uploaded tables of one query may take. Two "
        "large ones are read at a time in each process of the web server.",
    )
    vo_tap_upload_fetch_timeout_s: float = Field(
        default=60.0,
        gt=0,
        description="Seconds that fetching a table, which a client uploads by its address, may "
        "take.",
    )
    vo_tap_upload_networks: str = Field(
        default="",
        description="Networks from which tables may be fetched although their addresses aren't "
        "public, separated by commas, as in `10.1.0.0/16, 192.168.7.5`.",
    )

    @field_validator("vo_uws_notify")
    @classmethod
    def _are_ways_to_tell(cls, text: str) -> str:
        words = {word.strip() for word in text.split(",")} - {""}
        if words - {"webhook", "email"}:
            raise ValueError("takes webhook, email or both, separated by a comma")
        return text

    @field_validator("vo_email_url")
    @classmethod
    def _is_mail_server(cls, text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in ("smtp", "smtp+tls", "smtps") or not parts.hostname:
            raise ValueError("takes smtp://, smtp+tls:// or smtps:// with a host")
        return text

    @field_validator("vo_sparql_graph_store")
    @classmethod
    def _is_graph_store(cls, text: str) -> str:
        parts = urlsplit(text)
        # a port that is no number raises ValueError itself
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        if text and not is_address:
            raise ValueError("takes http:// or https:// with a host")
        return text

    @field_validator("vo_tap_upload_networks", "vo_uws_notify_networks")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        networks(text)
        return text


def load() -> Configuration:
    """Read the configuration; raises ``pydantic.ValidationError`` naming a wrong setting."""
    return Configuration()
