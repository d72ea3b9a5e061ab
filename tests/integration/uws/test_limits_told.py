"""Limits of jobs are told where the standard has a place for them: TAPRegExt 1.0, section 2.4."""

import pytest
from defusedxml import ElementTree
from django.urls import clear_url_caches

pytestmark = pytest.mark.django_db


def test_capabilities_tell_how_long_jobs_run_and_are_kept(client, settings):
    settings.ROOT_URLCONF = "vo_server.urls"
    clear_url_caches()
    settings.VO_UWS_DEFAULT_EXECUTION_DURATION_S = 111
    settings.VO_UWS_MAX_EXECUTION_DURATION_S = 222
    settings.VO_UWS_DEFAULT_DESTRUCTION_DAYS = 3
    settings.VO_UWS_MAX_DESTRUCTION_DAYS = 4
    answer = client.get("/tap/capabilities")
    root = ElementTree.fromstring(answer.getvalue())

    def told(name):
        return [root.findtext(f".//{name}/{kind}") for kind in ("default", "hard")]

    assert told("executionDuration") == ["111", "222"]
    assert told("retentionPeriod") == [str(3 * 86400), str(4 * 86400)]
