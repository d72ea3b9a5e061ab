"""Provenance without what the server's own job types declare."""

import pytest


@pytest.fixture(autouse=True)
def nothing_declared(db: None) -> None:
    """Migrating declares the job types; these tests begin with nothing."""
    from provenance.models import ActivityDescription, EntityDescription

    ActivityDescription.objects.all().delete()
    EntityDescription.objects.all().delete()
