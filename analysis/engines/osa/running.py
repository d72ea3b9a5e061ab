"""Calls of OSA as child processes, each in a process group of its own."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from analysis.engines.osa.commands import OsaCommand
from analysis.engines.osa.installation import INIT_SCRIPT, OsaInstallation
from analysis.engines.osa.logs import OsaTimedOut, failure, parse_log

LOG_FILE = "osa.log"
_MOST_WARNINGS = 10
#: Of a log's end, as much as anybody needs to understand a failure.
_MOST_LOG_BYTES = 4_000_000
_SECONDS_TO_LEAVE = 10.0

# OSA's own way to its environment; what follows are the words of the call
_SHELL = f'. "$ISDC_ENV/{INIT_SCRIPT}" >/dev/null 2>&1; exec "$@"'


def command_line(installation: OsaInstallation, command: OsaCommand) -> list[str]:
    """The words that start a call: prefix, a shell that sets OSA up, the call itself."""
    return [*installation.prefix, "bash", "-c", _SHELL, "osa", *command.words]


def environment(installation: OsaInstallation, work: Path) -> dict[str, str]:
    """The environment of every call; ``work`` is the folder that OSA takes for its repository.

    What is there: OSA's own variables, and of ours only what a process needs to be found: nothing
    of the server's settings reaches it. No variable asks for a screen or a person.
    """
    found = {
        "REP_BASE_PROD": str(work),
        "ISDC_REF_CAT": installation.catalogue or "",
        "CURRENT_IC": str(installation.repository),
        "COMMONSCRIPT": "1",
        # + shows on the screen too what goes into the file
        "COMMONLOGFILE": f"+{work / LOG_FILE}",
        "HEADASNOQUERY": "1",
        "HEADASPROMPT": "/dev/null",
        "DISPLAY": "",
        "HOME": str(work),
        "TMPDIR": str(work),
        "LANG": "C",
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "PFILES": f"{work}/pfiles;",
    }
    root = installation.root
    if root:
        # a container knows its own
        found |= {
            "ISDC_ENV": root,
            "CFITSIO_INCLUDE_FILES": f"{root}/templates",
            "PFILES": f"{work}/pfiles;{root}/pfiles",
            "PATH": f"{root}/bin:{found['PATH']}",
        }
    return found


def run(
    installation: OsaInstallation,
    command: OsaCommand,
    work: Path,
    report: Callable[[str], None],
    science_window: str = "",
) -> None:
    """Run a call below ``work``; tell its warnings.

    Raises the failure that its log tells of (`analysis.engines.osa.logs`). The process and all that
    it started end with it, however it ends.
    """
    (work / "pfiles").mkdir(exist_ok=True)
    screen = work / f"{command.executable}.screen"
    with screen.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  words of our own, read by no shell
            command_line(installation, command),
            cwd=work / command.folder,
            env=environment(installation, work),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout=installation.timeout_s)
        except subprocess.TimeoutExpired:
            raise OsaTimedOut(
                f"no end after {installation.timeout_s:g} s (VO_OSA_TIMEOUT_S)",
                science_window=science_window,
                step=command.executable,
            ) from None
        finally:
            _end(process)
    log = parse_log(_end_of(screen))
    if status != 0 or log.failed:
        raise failure(log, command.executable, status, science_window)
    for warning in log.warnings[:_MOST_WARNINGS]:
        report(f"{command.executable} {science_window}: {warning}".strip())


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the process's whole group: OSA's scripts start further programs."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=_SECONDS_TO_LEAVE)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _end_of(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _MOST_LOG_BYTES))
        return file.read().decode("utf-8", "replace")
