"""Errors that a VO client gets to read.

DALI 1.1, section 4.2: what went wrong is told in a document of the service's own kind. Every
room's errors that may reach a client derive from `DaliError`; views turn them into responses.
"""


class DaliError(Exception):
    """A request that can't be answered as asked.

    The message says what was wrong, where, and what would be right.
    """

    status = 400

    def __init__(self, message: str, status: int | None = None) -> None:
        """``status`` is the HTTP status, where it differs from the class's own."""
        super().__init__(message)
        self.message = message
        if status is not None:
            self.status = status


class ParameterError(DaliError):
    """A parameter that is missing, repeated or has a value that it can't have."""

    def __init__(self, name: str, problem: str) -> None:
        """``name`` is the parameter's name as the service declares it."""
        super().__init__(f"{name}: {problem}")
        self.name = name


class NotFoundError(DaliError):
    """Nothing is at that address, or not for this user."""

    status = 404


class AuthorisationError(DaliError):
    """The user may not do that."""

    status = 403
