"""Jobs under faults, in short; ``make soak`` is the long form."""

from pathlib import Path

import pytest
from storm import blow

pytestmark = pytest.mark.skipif(
    not list(Path("/usr/lib/postgresql").glob("*/lib/pg_sphere.so")),
    reason="no PostgreSQL with pgSphere is installed here, to have one that may be restarted",
)


def test_no_fault_loses_repeats_or_forgets_a_job():
    outcome = blow(jobs=40, clients=6, restarts=1, web_kills=1, kills=6, seed=1)
    print(outcome)
    assert outcome.wrong == []
    assert outcome.handed_in >= 40
    assert outcome.phases["COMPLETED"] >= 30
    assert outcome.faults["restart of PostgreSQL"] == outcome.faults["kill of the web server"] == 1
    assert max(outcome.attempts) > 1, "no fault has hit a job"
