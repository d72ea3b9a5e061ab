"""What waits to be sent to a store of linked data."""

from django.db import models
from django.db.models.functions import Now

from provenance.models.core import Activity


class Outgoing(models.Model):
    """A finished activity that `provenance.publisher` has to send.

    times_noted: goes up whenever there is more to tell of the activity, so that whoever is sending
    it meanwhile knows that what it sent isn't all. next_try: not before then. problem: what went
    wrong last, for the operator.
    """

    activity = models.OneToOneField(Activity, models.CASCADE, primary_key=True)
    entered = models.DateTimeField(db_default=Now())
    times_noted = models.IntegerField(db_default=1)
    attempts = models.IntegerField(default=0)
    next_try = models.DateTimeField(db_default=Now(), db_index=True)
    problem = models.TextField(null=True)

    class Meta:
        db_table = "provenance_outgoing"
        verbose_name_plural = "outgoing"

    def __str__(self) -> str:
        return f"{self.activity}, tried {self.attempts} times"
