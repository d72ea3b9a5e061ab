"""Where a program runs: interpreter, operating system, host, account, and revision of its source.

Host and account are for administrators only (`ActivityRecord.private_comment`).
"""

import getpass
import platform
import socket
import subprocess
from functools import cache
from pathlib import Path

from provenance.identifiers import agent_id
from provenance.records import AgentRecord, AgentType, InvolvedRecord

SOURCE = "source"
"""The role of the agent that is this server's source at one revision."""

_ROOT = Path(__file__).resolve().parents[1]


def surrounding_agents(authority: str) -> tuple[InvolvedRecord, ...]:
    """What this process runs on: interpreter and operating system; the source's git revision."""
    source = source_agent(authority)
    return (
        InvolvedRecord(platform_agent(authority), "platform"),
        *([InvolvedRecord(source, SOURCE)] if source else []),
    )


@cache
def platform_agent(authority: str) -> AgentRecord:
    """Interpreter and operating system, with their versions."""
    name = f"{platform.python_implementation()} {platform.python_version()} on {_system()}"
    return AgentRecord(agent_id(authority, name.replace(" ", "-")), name, AgentType.SOFTWARE)


@cache
def source_agent(authority: str) -> AgentRecord | None:
    """This server's source at its revision in git; ``None`` where it isn't a clone."""
    revision = source_revision()
    if revision is None:
        return None
    name = f"vo_server source at git revision {revision}"
    return AgentRecord(agent_id(authority, f"git:{revision}"), name, AgentType.SOFTWARE)


@cache
def source_revision() -> str | None:
    """The revision that this process began with, ``+`` at its end where files were changed."""
    if not (_ROOT / ".git").exists():
        return None
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+"],  # noqa: S607
            cwd=_ROOT,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None


@cache
def whereabouts() -> str:
    """Host and account of this process, as a sentence."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        account = "an account without a name"
    return f"Ran on {socket.gethostname()} as {account}."


def _system() -> str:
    """The operating system, as its makers call it."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"
