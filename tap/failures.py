"""What a user reads when PostgreSQL can't finish a query.

By SQLSTATE (PostgreSQL manual, appendix A), never by the server's own text: that shows SQL and
internal names.
"""

import logging

from adbc_driver_manager import Error as AdbcError

from dali.errors import DaliError

_log = logging.getLogger(__name__)


class QueryError(DaliError):
    """A query that was understood and failed while it ran."""


class QueryCancelledError(QueryError):
    """The query was cancelled, because nobody waits for it any more."""


_BY_STATE = {
    "22012": "division by zero",
    "22003": "a number is out of range",
    "2201E": "the logarithm of zero or of a negative number",
    "2201F": "a power or square root that has no real value",
    "42883": "an operator or a function is applied to values of types that it doesn't take",
    "42804": "values of different types are compared or combined",
    "42803": "a column must be in GROUP BY or within an aggregate function",
}
_BY_CLASS = {
    "22": "a value that a function or a conversion can't take",
    "54": "the query is too complex",
}
_OVERLOADED = "the database is short of resources; try again later, or ask for less"
_UNREACHABLE = "the database can't be reached just now; try again later"
_INTERNAL = "the query could not be executed; the server's log tells why"
_CANCELLED = "57014"


def failure(error: AdbcError, timeout_s: int, cancelled: bool, synchronous: bool) -> QueryError:
    """The error for a user.

    timeout_s: the limit that the query ran under. cancelled: whether we ourselves ended it.
    synchronous: whether there is a longer limit to go to.
    """
    state = error.sqlstate or ""
    if state == _CANCELLED:
        if cancelled:
            return QueryCancelledError("the query was cancelled")
        advice = "; run it as an asynchronous job (/tap/async), which may take longer"
        return QueryError(
            f"the query took longer than the limit of {timeout_s} s{advice if synchronous else ''}"
        )
    text = _BY_STATE.get(state) or _BY_CLASS.get(state[:2])
    if text:
        return QueryError(f"while the query ran: {text}")
    _log.error("PostgreSQL failed with SQLSTATE %s", state or "unknown", exc_info=error)
    if state[:2] == "53":
        return QueryError(_OVERLOADED, 503)
    if state[:2] in ("08", "57"):
        return QueryError(_UNREACHABLE, 503)
    return QueryError(_INTERNAL, 500)
