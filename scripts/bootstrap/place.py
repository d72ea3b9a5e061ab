"""Where the private cluster lies, and as whom it runs.

PostgreSQL refuses to run as root. Where root sets up, the cluster runs as Debian's user
``postgres``, and where that user can't enter the clone (it lies in root's home, say), in one folder
of its own outside, named after the clone's path.
"""

import hashlib
import os
import pwd
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bootstrap.clone import Clone
from bootstrap.console import SetupError

# A unix socket's address has 108 bytes, the last of which is a zero.
SOCKET_PATH_LIMIT = 107
SOCKET_NAME = ".s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    gid: int

    @classmethod
    def of(cls, entry: pwd.struct_passwd) -> "Account":
        """The account of a line of the password database."""
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True, slots=True)
class Place:
    """Folders of the private cluster, and the account that owns them.

    outside: the folder outside the clone that must be announced and cleaned away; None mostly.
    """

    data: Path
    socket: Path
    account: Account
    outside: Path | None


def current_account() -> Account:
    """Who runs this; raises SetupError where the system has no name for them."""
    try:
        return Account.of(pwd.getpwuid(os.geteuid()))
    except KeyError:
        raise SetupError(
            f"User id {os.geteuid()} has no name on this machine (no line in /etc/passwd); "
            "PostgreSQL needs one."
        ) from None


def database_account() -> Account:
    """As whom the cluster runs: oneself, or ``postgres`` in root's stead."""
    if os.geteuid() != 0:
        return current_account()
    try:
        return Account.of(pwd.getpwnam("postgres"))
    except KeyError:
        raise SetupError(
            "There is no user 'postgres' on this machine; Debian's postgresql package makes it."
        ) from None


def choose(clone: Clone, account: Account) -> Place:
    """The cluster's place for this clone: always the same answer for the same clone."""
    inside = clone.var / "postgresql"
    short = len(os.fsencode(inside / SOCKET_NAME)) <= SOCKET_PATH_LIMIT
    if os.geteuid() == 0:
        if not clone.var.exists():
            clone.var.mkdir()
            clone.var.chmod(0o755)
        if short and _can_enter(account, clone.var):
            return Place(inside / "data", inside, account, None)
        outside = Path("/var/lib") / folder_name(clone)
        return Place(outside / "data", outside, account, outside)
    if short:
        return Place(inside / "data", inside, account, None)
    outside = Path(tempfile.gettempdir()) / folder_name(clone)
    return Place(inside / "data", outside, account, outside)


def folder_name(clone: Clone) -> str:
    """Name of the folder outside the clone: derived from the clone's path."""
    return f"vo_server-{hashlib.sha256(os.fsencode(clone.root)).hexdigest()[:12]}"


def prepare(place: Place) -> None:
    """Make the folders, for the account alone; refuse one that somebody else has made."""
    for folder in {place.data.parent, place.socket}:
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.mkdir(mode=0o700)
            os.chown(folder, place.account.uid, place.account.gid)
        except FileExistsError:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != place.account.uid:
                raise SetupError(
                    f"{folder} exists and does not belong to {place.account.name}. "
                    "Was it made by another user's set-up? Remove it, or use that user."
                ) from None
            folder.chmod(0o700)


def _can_enter(account: Account, folder: Path) -> bool:
    """Whether ``account`` may pass through every folder down to this one (asked as root)."""
    tried = subprocess.run(
        ["test", "-x", str(folder)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return tried.returncode == 0
