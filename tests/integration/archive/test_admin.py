"""The archive in the operator's pages."""

from pathlib import Path

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.test import Client
from strangers_archive import write_science_window

from archive.ingest.service import ingest
from archive.models import DataProduct, ObsCoreRow, ScienceWindow

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("operator"))
    return client


def test_an_operator_looks_at_everything_and_changes_nothing(archive_root: Path, operator: Client):
    write_science_window(archive_root, count=5)
    ingest([archive_root])
    for model in (
        "sciencewindow",
        "dataproduct",
        "obscorerow",
        "observation",
        "revolution",
        "source",
    ):
        assert operator.get(f"/admin/archive/{model}/").status_code == 200, model
        assert operator.get(f"/admin/archive/{model}/add/").status_code == 403, model
    for row, model in (
        (ScienceWindow.objects.get(), "sciencewindow"),
        (ObsCoreRow.objects.get(), "obscorerow"),
        (DataProduct.objects.get(kind="isgri_events"), "dataproduct"),
    ):
        key = quote(row.pk)
        assert operator.get(f"/admin/archive/{model}/{key}/change/").status_code == 200, model
        assert operator.post(f"/admin/archive/{model}/{key}/delete/").status_code == 403, model
