"""Identity of a Science Window: ``RRRRPPPPSSSF.VVV``.

A Science Window (ScW) is the unit of INTEGRAL's data: one pointing, slew or engineering period.
RRRR is the revolution, PPPP the pointing within it, SSS the subdivision, F the kind; VVV is the
version of its data (000 near real time, 001 and higher consolidated). The twelve digits before the
point are the SWID keyword of the files.
"""

import re
from dataclasses import dataclass
from enum import IntEnum
from pathlib import PurePosixPath
from typing import Self

_SWID = re.compile(r"([0-9]{4})([0-9]{4})([0-9]{3})([0-2])")
_IDENTIFIER = re.compile(_SWID.pattern + r"\.([0-9]{3})")
NEAR_REAL_TIME_VERSION = 0


class ScienceWindowIdError(ValueError):
    """A text or a number that is no Science Window identifier; the message says why."""


class ScienceWindowKind(IntEnum):
    """What the spacecraft did, the twelfth digit; the names are the values of SW_TYPE."""

    POINTING = 0  #: held an attitude
    SLEW = 1  #: moved from one pointing to the next
    ENGINEERING = 2  #: neither: calibrations, belts, outages


@dataclass(frozen=True, slots=True, order=True)
class ScienceWindowId:
    """A Science Window in one version. The order is that of the text: by time, then version."""

    revolution: int
    pointing: int
    subdivision: int = 1
    kind: ScienceWindowKind = ScienceWindowKind.POINTING
    version: int = 1

    def __post_init__(self) -> None:
        """Refuse numbers that do not fit their digits; raises `ScienceWindowIdError`."""
        for name, value, limit in (
            ("revolution", self.revolution, 9999),
            ("pointing", self.pointing, 9999),
            ("subdivision", self.subdivision, 999),
            ("version", self.version, 999),
        ):
            if not 0 <= value <= limit:
                raise ScienceWindowIdError(f"The {name} {value} is not within 0..{limit}.")
        try:
            object.__setattr__(self, "kind", ScienceWindowKind(self.kind))
        except ValueError:
            raise ScienceWindowIdError(
                f"The kind {self.kind} is none of 0 (pointing), 1 (slew), 2 (engineering)."
            ) from None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``066500330010.001``; raises `ScienceWindowIdError` for anything else."""
        match = _IDENTIFIER.fullmatch(text)
        if match is None:
            if _SWID.fullmatch(text):
                raise ScienceWindowIdError(f"'{text}' lacks the version: write it as '{text}.001'.")
            raise ScienceWindowIdError(
                f"'{text[:40]}' is no Science Window: expected RRRRPPPPSSSF.VVV, twelve digits "
                "(the last 0, 1 or 2), a point and three digits, such as '066500330010.001'."
            )
        return cls(*_numbers(match), version=int(match[5]))

    @classmethod
    def from_swid(cls, swid: str, version: int) -> Self:
        """Join the twelve digits of keyword SWID and a version number.

        Raises `ScienceWindowIdError` where either is malformed.
        """
        match = _SWID.fullmatch(swid)
        if match is None:
            raise ScienceWindowIdError(
                f"'{swid[:40]}' is no SWID: expected RRRRPPPPSSSF, twelve digits, the last "
                "0, 1 or 2."
            )
        return cls(*_numbers(match), version=version)

    @property
    def swid(self) -> str:
        """The twelve digits without the version, as in keyword SWID."""
        return f"{self.revolution:04d}{self.pointing:04d}{self.subdivision:03d}{self.kind:d}"

    @property
    def folder(self) -> PurePosixPath:
        """The folder below the archive's root: ``scw/0665/066500330010.001``."""
        return PurePosixPath("scw") / f"{self.revolution:04d}" / str(self)

    @property
    def is_near_real_time(self) -> bool:
        """Whether this is the early version, 000, that a consolidated one replaces."""
        return self.version == NEAR_REAL_TIME_VERSION

    def __str__(self) -> str:
        """The full identifier, ``RRRRPPPPSSSF.VVV``."""
        return f"{self.swid}.{self.version:03d}"


def _numbers(match: re.Match[str]) -> tuple[int, int, int, ScienceWindowKind]:
    return int(match[1]), int(match[2]), int(match[3]), ScienceWindowKind(int(match[4]))
