"""What can go wrong with a job, in words for its owner.

UWS 1.1, section 2.2.1: 404 where there is no such resource, 403 for what the job's state or its
ownership forbids.
"""

from typing import Literal

from dali.errors import AuthorisationError, DaliError, NotFoundError


class UwsError(DaliError):
    """A request about jobs that can't be answered as asked."""


class UnknownJobTypeError(NotFoundError, UwsError):
    """No such job type is offered here."""


class UnknownJobError(NotFoundError, UwsError):
    """There is no such job, or it is gone."""


class NotYourJobError(AuthorisationError, UwsError):
    """The job belongs to somebody else."""


class PhaseError(UwsError):
    """The job's phase forbids what was asked."""

    status = 403


class QuotaError(UwsError):
    """The owner has as many jobs, waiting jobs or bytes of results as one may have."""

    status = 403


class InvalidParametersError(UwsError):
    """Parameters that the job type refuses; the message names them all.

    ``problems`` has one sentence per parameter.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        """``problems`` are sentences that begin with the parameter's name."""
        super().__init__("; ".join(problems))
        self.problems = problems


class JobFailure(Exception):  # noqa: N818 - the word that job code raises and users read about
    """Raised by a job's code: the job becomes ERROR and its owner reads the message.

    Anything else that escapes from a job is told as an internal error, its details only logged.
    """

    def __init__(self, message: str, kind: Literal["fatal", "transient"] = "fatal") -> None:
        """``kind`` is UWS's error type: ``transient`` where running it again may help."""
        super().__init__(message)
        self.message = message
        self.kind: Literal["fatal", "transient"] = kind
