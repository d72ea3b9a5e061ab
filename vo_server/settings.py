"""Django's settings, all of them from ``vo_server.configuration``."""

import os
import secrets
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from vo_server import __version__
from vo_server.configuration import PROJECT_ROOT, VAR, load

# Before NumPy is loaded. Processes share the work here, so that linear algebra with threads of its
# own is slower, ten times on a busy machine, and adds numbers in an order that differs.
for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

CONFIGURATION = load()


def _database(url: str) -> dict[str, Any]:
    """Django's description of the PostgreSQL database at ``url`` (libpq's URI form)."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "vo_server.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": 0,
    }


def _secret_key() -> str:
    """The key of the environment, or one made once and kept under ``var/``."""
    if CONFIGURATION.vo_secret_key:
        return CONFIGURATION.vo_secret_key
    path = VAR / "secret_key"
    if not path.exists():
        VAR.mkdir(exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text().strip()


BASE_DIR = PROJECT_ROOT
SECRET_KEY = _secret_key()
DEBUG = CONFIGURATION.vo_debug
SITE_URL = CONFIGURATION.site_url.rstrip("/")
ALLOWED_HOSTS = [
    "localhost",
    "127.0.0.1",
    urlsplit(SITE_URL).hostname or "localhost",
    *filter(None, (host.strip() for host in CONFIGURATION.vo_allowed_hosts.split(","))),
]

# Where clients come by TLS, a browser keeps its session off the open line, and the administration's
# forms are taken from that address, though a proxy hands them on without TLS.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_URL.startswith("https:")
CSRF_TRUSTED_ORIGINS = ["{0.scheme}://{0.netloc}".format(urlsplit(SITE_URL))]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "auth",
    "provenance",
    "archive",
    "uws",
    "tap",
    "analysis",
    "portal",
    "vo_server",
]
MIDDLEWARE = [
    "vo_server.direct_middleware.DirectSecurity",
    "vo_server.direct_middleware.DirectSessions",
    "vo_server.direct_middleware.DirectCommon",
    "vo_server.direct_middleware.DirectAuthentication",
    "auth.middleware.BasicAuthentication",
    "auth.middleware.SameOriginForUsers",
    "vo_server.direct_middleware.DirectMessages",
    "vo_server.direct_middleware.DirectFrameOptions",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "vo_server.urls"
ASGI_APPLICATION = "vo_server.asgi.application"
# Virtual Observatory clients don't follow a redirect that only adds a slash.
APPEND_SLASH = False

DATABASES = {"default": _database(CONFIGURATION.database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "vo_auth.User"

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"

VO_READER_DATABASE_URL = CONFIGURATION.vo_reader_database_url
VO_VERSION = __version__
VO_MAX_REQUEST_BYTES = CONFIGURATION.vo_max_request_bytes
VO_AUTHORITY = CONFIGURATION.vo_authority
VO_PROVENANCE_RETENTION_DAYS = CONFIGURATION.vo_provenance_retention_days
VO_SPARQL_GRAPH_STORE = CONFIGURATION.vo_sparql_graph_store
VO_SPARQL_USER = CONFIGURATION.vo_sparql_user
VO_SPARQL_PASSWORD = CONFIGURATION.vo_sparql_password
VO_PUBLISHER = CONFIGURATION.vo_publisher
VO_CONTACT = CONFIGURATION.vo_contact
VO_CITATION = CONFIGURATION.vo_citation
VO_RIGHTS = CONFIGURATION.vo_rights
VO_RIGHTS_URI = CONFIGURATION.vo_rights_uri
VO_ARCHIVE_ROOT = CONFIGURATION.vo_archive_root
VO_SESAME_URL = CONFIGURATION.vo_sesame_url
VO_PRODUCT_ROOT = CONFIGURATION.vo_product_root
VO_JOB_ROOT = CONFIGURATION.vo_job_root
VO_ANALYSIS_PROCESSES = CONFIGURATION.vo_analysis_processes
VO_ANALYSIS_MOST_FAILED = CONFIGURATION.vo_analysis_most_failed
VO_DASK_SCHEDULER = CONFIGURATION.vo_dask_scheduler
VO_DASK_PATIENCE_S = CONFIGURATION.vo_dask_patience_s
VO_CACHE_ROOT = CONFIGURATION.vo_cache_root
VO_CACHE_MAX_BYTES = CONFIGURATION.vo_cache_max_bytes
VO_UWS_WORKER_JOBS = CONFIGURATION.vo_uws_worker_jobs
VO_UWS_WORKER_SHORT_JOBS = CONFIGURATION.vo_uws_worker_short_jobs
VO_UWS_JOB_MEMORY_BYTES = CONFIGURATION.vo_uws_job_memory_bytes
VO_UWS_RUNNING_PER_OWNER = CONFIGURATION.vo_uws_running_per_owner
VO_UWS_RUNNING_ANONYMOUS = CONFIGURATION.vo_uws_running_anonymous
VO_UWS_RUNNING_AT_MOST = CONFIGURATION.vo_uws_running_at_most
VO_UWS_QUEUED_PER_OWNER = CONFIGURATION.vo_uws_queued_per_owner
VO_UWS_QUEUED_ANONYMOUS = CONFIGURATION.vo_uws_queued_anonymous
VO_UWS_JOBS_PER_OWNER = CONFIGURATION.vo_uws_jobs_per_owner
VO_UWS_BYTES_PER_OWNER = CONFIGURATION.vo_uws_bytes_per_owner
VO_UWS_JOBS_ANONYMOUS = CONFIGURATION.vo_uws_jobs_anonymous
VO_UWS_BYTES_ANONYMOUS = CONFIGURATION.vo_uws_bytes_anonymous
VO_UWS_LIST_ANONYMOUS = CONFIGURATION.vo_uws_list_anonymous
VO_UWS_JOB_MODULES = tuple(
    filter(None, (name.strip() for name in CONFIGURATION.vo_uws_job_modules.split(",")))
)
VO_OSA = {
    "VO_OSA_ROOT": CONFIGURATION.vo_osa_root,
    "VO_OSA_COMMAND_PREFIX": CONFIGURATION.vo_osa_command_prefix,
    "VO_OSA_REP_BASE_PROD": CONFIGURATION.vo_osa_rep_base_prod
    or str(CONFIGURATION.vo_archive_root),
    "VO_OSA_REF_CAT": CONFIGURATION.vo_osa_ref_cat,
    "VO_OSA_IC_ALIAS": CONFIGURATION.vo_osa_ic_alias,
    "VO_OSA_VERSION": CONFIGURATION.vo_osa_version,
    "VO_OSA_TIMEOUT_S": str(CONFIGURATION.vo_osa_timeout_s),
}
VO_ANALYSIS_ENGINES = tuple(
    filter(None, (name.strip() for name in CONFIGURATION.vo_analysis_engines.split(",")))
)
VO_UWS_LEASE_S = CONFIGURATION.vo_uws_lease_s
VO_UWS_MAX_ATTEMPTS = CONFIGURATION.vo_uws_max_attempts
VO_UWS_DEFAULT_EXECUTION_DURATION_S = CONFIGURATION.vo_uws_default_execution_duration_s
VO_UWS_MAX_EXECUTION_DURATION_S = CONFIGURATION.vo_uws_max_execution_duration_s
VO_UWS_DEFAULT_DESTRUCTION_DAYS = CONFIGURATION.vo_uws_default_destruction_days
VO_UWS_MAX_DESTRUCTION_DAYS = CONFIGURATION.vo_uws_max_destruction_days
VO_UWS_ARCHIVE_DAYS = CONFIGURATION.vo_uws_archive_days
VO_UWS_MAX_WAIT_S = CONFIGURATION.vo_uws_max_wait_s
VO_UWS_NOTIFY = tuple(
    sorted(filter(None, (word.strip() for word in CONFIGURATION.vo_uws_notify.split(","))))
)
VO_UWS_NOTIFY_NETWORKS = CONFIGURATION.vo_uws_notify_networks
VO_UWS_NOTIFY_RETRY_S = CONFIGURATION.vo_uws_notify_retry_s
VO_TAP_MAXREC = CONFIGURATION.vo_tap_maxrec
VO_TAP_MAXREC_HARD = CONFIGURATION.vo_tap_maxrec_hard
VO_TAP_SYNC_TIMEOUT_S = CONFIGURATION.vo_tap_sync_timeout_s
VO_TAP_SYNC_QUERIES = CONFIGURATION.vo_tap_sync_queries
VO_TAP_UPLOAD_MAX_ROWS = CONFIGURATION.vo_tap_upload_max_rows
VO_TAP_UPLOAD_MAX_BYTES = CONFIGURATION.vo_tap_upload_max_bytes
VO_TAP_UPLOAD_MEMORY_BYTES = CONFIGURATION.vo_tap_upload_memory_bytes
VO_TAP_UPLOAD_FETCH_TIMEOUT_S = CONFIGURATION.vo_tap_upload_fetch_timeout_s
VO_TAP_UPLOAD_NETWORKS = CONFIGURATION.vo_tap_upload_networks

_mail = urlsplit(CONFIGURATION.vo_email_url)
EMAIL_HOST = _mail.hostname
EMAIL_PORT = _mail.port or {"smtp": 25, "smtp+tls": 587, "smtps": 465}[_mail.scheme]
EMAIL_HOST_USER = unquote(_mail.username or "")
EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
EMAIL_USE_TLS = _mail.scheme == "smtp+tls"
EMAIL_USE_SSL = _mail.scheme == "smtps"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = (
    CONFIGURATION.vo_email_from or f"vo_server@{urlsplit(SITE_URL).hostname or 'localhost'}"
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "dali.log_context.ContextFilter"}},
    "formatters": {
        "plain": {
            "format": "%(asctime)s %(levelname)s %(name)s "
            "[request %(request_id)s] [job %(job_id)s] %(message)s"
        },
        "json": {"()": "dali.log_context.JsonFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": CONFIGURATION.vo_log_format,
            "filters": ["context"],
        }
    },
    "root": {"handlers": ["stderr"], "level": CONFIGURATION.vo_log_level},
}
