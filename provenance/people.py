"""People are shown by the name that they go by now, also in what was recorded before.

No person can go by the name of another agent, or of this server and those who run it.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import F, Func, TextField, Value
from django.db.models.signals import post_save

from auth import shown_names
from auth.shown_names import comparable, name_of
from provenance.agents import operators, person_id
from provenance.models import Agent
from provenance.statements import take_turn

#: How names begin that this server gives to itself, at any version or revision.
_OWN = "vo_server"


def guard_names() -> None:
    """Let no account choose the name of an agent that is another's."""
    shown_names.reserve(_names_another)


def _names_another(user_id: int, name: str) -> bool:
    """Whether an agent that isn't this account's person has the name, or may come to have it."""
    authority = settings.VO_AUTHORITY
    if name == comparable(operators(authority).name) or name.split()[0] == _OWN:
        return True
    others = Agent.objects.exclude(identifier__in=_persons(user_id))
    return any(name == comparable(other or "") for other in others.values_list("name", flat=True))


def follow_names() -> None:
    """Give the agent of an account its new name whenever the account is saved."""
    post_save.connect(_rename, sender=get_user_model(), dispatch_uid="provenance names people")


def call_by_present_name(user_id: int | None) -> None:
    """Give the person of that account, if any, the name of this moment.

    For whoever has entered a record of somebody's, in the same transaction: the record may be older
    than the name. An account that takes another name now waits until the transaction has ended.
    """
    user = None
    if user_id is not None:
        user = get_user_model()._default_manager.filter(pk=user_id).first()
    if user is not None:
        _name(user)


def _rename(
    instance: AbstractBaseUser,
    created: bool = False,
    update_fields: Any = None,
    raw: bool = False,
    **_signal: Any,
) -> None:
    if raw or created or (update_fields and set(update_fields) <= {"last_login", "password"}):
        return
    with transaction.atomic():
        # a person who is entered right now isn't there to be named before that has ended
        take_turn()
        _name(instance)


def _name(user: AbstractBaseUser) -> None:
    """Let the account's person go by the account's name."""
    person = Agent.objects.filter(identifier__in=_persons(user.pk))
    person.exclude(name=name_of(user)).update(name=name_of(user))


def _persons(user_id: int) -> list[str]:
    """What an account's agent is identified by, under each authority that the server has had."""
    people = Agent.objects.filter(identifier__contains="/agent?person:")
    authority = Func(
        F("identifier"), Value("/"), Value(3), function="split_part", output_field=TextField()
    )
    known = people.values_list(authority, flat=True).distinct()
    return [person_id(name, user_id) for name in known]
