"""The analysis job types: what each takes, the graph that it makes of it, what it gives.

A workflow is a module of the job type's name with ``run(context)`` and, where its jobs are made of
steps that are known before they run, ``targets(parameters, owner)``: the steps that the job is for.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.steps import Step
    from auth.principal import Principal


def targets_of(name: str) -> "Callable[[Any, Principal], tuple[Step, ...]]":
    """``targets`` of the workflow of that name; raises `KeyError` where there is none."""
    module = f"{__name__}.{name}"
    if not name.isidentifier() or find_spec(module) is None:
        raise KeyError(name)
    targets = getattr(import_module(module), "targets", None)
    if targets is None:
        raise KeyError(name)
    found: Callable[[Any, Principal], tuple[Step, ...]] = targets
    return found
