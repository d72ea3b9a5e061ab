"""Every setting of this server, once: its environment variable, type, default and meaning.

``docs/settings.md`` is written from this class (``manage.py document_settings``). The environment
comes first, then the file ``var/environment`` that set-up writes for the private cluster.
"""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

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
    vo_archive_root: Path = Field(
        default=VAR / "archive",
        description="Root of the INTEGRAL archive (`scw/`, `cat/`).",
    )
    vo_product_root: Path = Field(
        default=VAR / "products", description="Folder of published products."
    )
    vo_job_root: Path = Field(default=VAR / "jobs", description="Folder of jobs' results.")
    vo_cache_root: Path = Field(
        default=VAR / "cache", description="Folder of the analysis' content-addressed cache."
    )


def load() -> Configuration:
    """Read the configuration; raises ``pydantic.ValidationError`` naming a wrong setting."""
    return Configuration()
