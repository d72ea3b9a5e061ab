"""What one owner may have, and the words for who wants more."""

import pytest

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import quotas, service
from uws.errors import QuotaError
from uws.models import Job, JobResult
from uws.phases import Phase

pytestmark = pytest.mark.django_db

HELLO = Parameters([("text", "hello")])


def test_an_account_has_no_more_jobs_than_it_may(sample, people, settings):
    settings.VO_UWS_JOBS_PER_OWNER = 2
    for _ in range(2):
        last = service.create(sample, people["ann"], HELLO)
    with pytest.raises(QuotaError, match=r"you have 2 jobs.*delete some"):
        service.create(sample, people["ann"], HELLO)
    service.create(sample, people["bob"], HELLO)
    service.delete(sample, people["ann"], last.job_id)
    service.create(sample, people["ann"], HELLO)


def test_an_account_holds_no_more_bytes_than_it_may(sample, people, settings):
    settings.VO_UWS_BYTES_PER_OWNER = 1000
    job = service.create(sample, people["ann"], HELLO)
    for name, size in (("a", 600), ("b", 399)):
        JobResult.objects.create(
            job_id=job.job_id, name=name, path=name, media_type="text/plain", size=size
        )
    service.create(sample, people["ann"], HELLO)
    JobResult.objects.update(size=500)
    with pytest.raises(QuotaError, match=r"1000 bytes of the 1000"):
        service.create(sample, people["ann"], HELLO)
    service.create(sample, ANONYMOUS, HELLO)


@pytest.fixture
def counted_anew(monkeypatch):
    """What the anonymous have is counted whenever it is asked for."""
    monkeypatch.setattr(quotas, "_COUNT_EVERY_S", 0.0)
    monkeypatch.setattr(quotas._anonymous, "_count_at", float("-inf"))


def test_the_anonymous_have_no_more_jobs_together_than_they_may(
    sample, people, settings, counted_anew
):
    settings.VO_UWS_JOBS_ANONYMOUS = 2
    for _ in range(2):
        last = service.create(sample, ANONYMOUS, HELLO)
    service.create(sample, people["ann"], HELLO)
    with pytest.raises(QuotaError, match=r"have 2 jobs.*or sign in"):
        service.create(sample, ANONYMOUS, HELLO)
    service.delete(sample, ANONYMOUS, last.job_id)
    service.create(sample, ANONYMOUS, HELLO)


def test_the_anonymous_hold_no_more_bytes_together_than_they_may(
    sample, people, settings, counted_anew
):
    settings.VO_UWS_BYTES_ANONYMOUS = 1000
    for principal, size in ((people["ann"], 5000), (ANONYMOUS, 600), (ANONYMOUS, 399)):
        job = service.create(sample, principal, HELLO)
        JobResult.objects.create(
            job_id=job.job_id, name="a", path="a", media_type="text/plain", size=size
        )
    service.create(sample, ANONYMOUS, HELLO)
    JobResult.objects.filter(size=399).update(size=400)
    with pytest.raises(QuotaError, match=r"1000 bytes of the 1000.*or sign in"):
        service.create(sample, ANONYMOUS, HELLO)
    service.create(sample, people["ann"], HELLO)


@pytest.mark.parametrize("name", ["ann", None])
def test_only_so_many_jobs_wait(sample, people, settings, name):
    settings.VO_UWS_QUEUED_PER_OWNER = settings.VO_UWS_QUEUED_ANONYMOUS = 2
    principal = people[name] if name else ANONYMOUS
    for _ in range(2):
        service.create(sample, principal, HELLO, run_now=True)
    prepared = service.create(sample, principal, HELLO)
    with pytest.raises(QuotaError, match="wait already"):
        service.run(sample, principal, prepared.job_id)
    assert service.phase(sample, principal, prepared.job_id) is Phase.PENDING
    jobs = Job.objects.count()
    with pytest.raises(QuotaError, match="wait already"):
        service.create(sample, principal, HELLO, run_now=True)
    assert Job.objects.count() == jobs
    service.create(sample, people["bob"], HELLO, run_now=True)
    service.create(sample, people["root"], HELLO, run_now=True)


def test_a_refusal_reaches_the_client_in_words(client, sample, settings):
    settings.VO_UWS_QUEUED_ANONYMOUS = 1
    form = {"text": "hello", "PHASE": "RUN"}
    assert client.post(sample.path, form).status_code == 303
    refused = client.post(sample.path, form)
    assert refused.status_code == 403
    assert b"come again later, or sign in" in refused.content


def test_a_setting_lists_anonymous_jobs_to_the_anonymous(sample, people, settings):
    job = service.create(sample, ANONYMOUS, HELLO)
    service.create(sample, people["ann"], HELLO)
    assert service.list_jobs(sample, ANONYMOUS) == ()
    settings.VO_UWS_LIST_ANONYMOUS = True
    assert [found.job_id for found in service.list_jobs(sample, ANONYMOUS)] == [job.job_id]
