"""Jobs under faults, in short; ``make soak`` is the long form."""

import shutil

import pytest
from storm import blow

pytestmark = pytest.mark.skipif(
    shutil.which("pg_ctlcluster") is None, reason="needs PostgreSQL's programs to restart its own"
)


def test_no_fault_loses_repeats_or_forgets_a_job():
    outcome = blow(jobs=40, clients=6, restarts=1, web_kills=1, kills=6, seed=1)
    print(outcome)
    assert outcome.wrong == []
    assert outcome.handed_in >= 40
    assert outcome.phases["COMPLETED"] >= 30
    assert outcome.faults["restart of PostgreSQL"] == outcome.faults["kill of the web server"] == 1
    assert max(outcome.attempts) > 1, "no fault has hit a job"
