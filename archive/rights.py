"""Who may read what: the one place where it is decided.

The rights are ObsCore's (1.1, section B.4.4): public; secure, for whoever has signed in;
proprietary, for the owner until the release date. Administrators read everything.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from auth.principal import Principal

PUBLIC = "public"
SECURE = "secure"
PROPRIETARY = "proprietary"


@dataclass(frozen=True, slots=True)
class Rights:
    """Rights to one file.

    data_rights: `PUBLIC`, `SECURE` or `PROPRIETARY`. release_date: when everybody may read it;
    ``None``: not planned. owner_id: the account it belongs to, if any.
    """

    data_rights: str
    release_date: datetime | None = None
    owner_id: int | None = None

    def is_public(self, now: datetime | None = None) -> bool:
        """Whether everybody may read it (at ``now``, an aware datetime)."""
        return self.release_date is not None and self.release_date <= (now or datetime.now(UTC))


def may_read(principal: Principal, rights: Rights, now: datetime | None = None) -> bool:
    """Whether this person may read what has these rights (at ``now``)."""
    if rights.is_public(now) or principal.is_administrator:
        return True
    if principal.user_id is None:
        return False
    return rights.data_rights == SECURE or rights.owner_id == principal.user_id


def rights_until(release_date: datetime | None, now: datetime | None = None) -> str:
    """ObsCore's word for something without owner that is released on that date."""
    return PUBLIC if Rights(PROPRIETARY, release_date).is_public(now) else PROPRIETARY
