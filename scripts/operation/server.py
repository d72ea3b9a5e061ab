"""The server: its programs, and the way from an up-to-date database to answering requests."""

import os
import urllib.error
import urllib.request
from pathlib import Path

from bootstrap import environment_file
from bootstrap.clone import Clone
from bootstrap.console import stage
from operation import port
from operation.preparation import manage
from operation.supervisor import Program, Supervisor

# Web server processes; an operator's own GRANIAN_WORKERS goes before it.
WEB_WORKERS = "2"


def programs(clone: Clone, number: int) -> tuple[Program, ...]:
    """The programs that make up the server, in the order of their start.

    number: the port of the web server.
    """
    web_server = Program(
        "web server",
        (
            str(clone.tool("granian")),
            "--interface=asginl",
            f"--host={port.HOST}",
            f"--port={number}",
            "--respawn-failed-workers",
            "--workers-kill-timeout=10",
            "--no-ws",
            "--log-level=warning",
            "--static-path-route=/static",
            f"--static-path-mount={clone.static_files}",
            "vo_server.asgi:application",
        ),
    )
    work = (str(clone.python), str(clone.root / "manage.py"), "uws_worker")
    # a query's process is forked in a third of the time from one that hasn't loaded the analyses
    queries = Program("worker of queries", (*work, "--jobs=0"))
    analyses = Program("worker of analyses", (*work, "--short-jobs=0"))
    return (analyses, queries, web_server)


def site_url(number: int) -> str:
    """The address that all links start with: the operator's, else this machine's."""
    return os.environ.get("SITE_URL") or f"http://{port.HOST}:{number}"


def update(clone: Clone, number: int) -> None:
    """Bring the database, the static files and the noted address up to date."""
    environment_file.update(clone, {"SITE_URL": site_url(number)})
    with stage("Database and static files: brought up to date"):
        manage(clone, "migrate", "--no-input", "--verbosity=0")
        clone.static_files.mkdir(parents=True, exist_ok=True)
        manage(clone, "collectstatic", "--no-input", "--verbosity=0")


def supervisor(clone: Clone, number: int, log: Path | None = None) -> Supervisor:
    """A supervisor of the server's programs; their log goes to standard error without ``log``."""
    return Supervisor(
        programs(clone, number),
        folder=clone.root,
        log=log,
        environment={
            "GRANIAN_WORKERS": WEB_WORKERS,
            **os.environ,
            "SITE_URL": site_url(number),
            "PYTHONUNBUFFERED": "1",
        },
    )


def readiness(number: int) -> str:
    """Empty once the server is ready; else what is still missing, in its own words."""
    request = f"http://{port.HOST}:{number}/health/ready"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=10):
            return ""
    except urllib.error.HTTPError as refused:
        return refused.read(2000).decode("utf-8", "replace")
    except OSError as error:
        return str(error)
