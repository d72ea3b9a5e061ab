"""People are shown by the name that they go by now, also in what was recorded before."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models.signals import post_save

from auth.shown_names import name_of
from provenance.agents import person_id
from provenance.models import Agent


def follow_names() -> None:
    """Give the agent of an account its new name whenever the account is saved."""
    post_save.connect(_rename, sender=get_user_model(), dispatch_uid="provenance names people")


def _rename(
    instance: AbstractBaseUser, update_fields: Any = None, raw: bool = False, **_signal: Any
) -> None:
    if raw or (update_fields and set(update_fields) <= {"last_login", "password"}):
        return
    identifier = person_id(settings.VO_AUTHORITY, instance.pk)
    Agent.objects.filter(identifier=identifier).update(name=name_of(instance))
