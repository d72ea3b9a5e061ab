"""A job type made of steps, from one declaration: how it runs, is planned and quoted.

The module of its work is named, not imported: it brings astropy and matplotlib along, which the
workers' template imports (``preload``) and the web server only to plan.
"""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from analysis.engines.registry import declared_engines, installed_engines
from analysis.errors import AnalysisError
from analysis.steps import Step, StepKind
from auth.principal import Principal
from uws.errors import JobFailure
from uws.parameters import P
from uws.types import FileDescription, JobContext, JobType

Targets = Callable[[Any, Principal], tuple[Step, ...]]

_modules: dict[str, str] = {}


def workflow(
    name: str,
    module: str,
    *,
    title: str,
    description: str,
    parameters: type[P],
    uses: tuple[FileDescription, ...] = (),
    makes: tuple[FileDescription, ...] = (),
    preload: tuple[str, ...] = (),
    further_kinds: Callable[[], Iterable[StepKind]] = tuple,
) -> JobType[P]:
    """The job type at ``/uws/<name>``, whose work is in the module of that importable name.

    The module offers ``run(context)``; a failure of `analysis.errors` that it raises is told to the
    job's owner. Where its jobs are made of steps that are known before they run, it offers
    ``targets(parameters, owner)``, too: the steps that such a job is for, and with it plans and
    quotes. preload, further_kinds: modules and steps that it needs beside the engines'.
    """
    _modules[name] = module

    def run(context: JobContext[P]) -> None:
        from analysis.failed_jobs import failure_recorded

        try:
            with failure_recorded(context, name):
                import_module(module).run(context)
        except AnalysisError as failure:
            raise JobFailure(str(failure), failure.kind) from failure

    def quote(given: P, owner: Principal) -> float | None:
        from analysis import plans

        return plans.seconds(name, given, owner)

    def prepare() -> None:
        """Take the digests of the software while it is that which has just been loaded."""
        for kind in (
            *(k for engine in installed_engines() for k in engine.kinds),
            *further_kinds(),
        ):
            kind.software()

    return JobType(
        name=name,
        title=title,
        description=description,
        path=f"/uws/{name}",
        parameters=parameters,
        run=run,
        quote=quote,
        uses=uses,
        makes=makes,
        preload=(
            module,
            *preload,
            *(known.module for known in declared_engines() if not known.missing()),
        ),
        prepare=prepare,
    )


def workflow_names() -> tuple[str, ...]:
    """The job types that are made of steps."""
    return tuple(_modules)


def is_workflow(name: str) -> bool:
    """Whether jobs of this type are made of steps."""
    return name in _modules


def targets_of(name: str) -> Targets:
    """What finds the steps that jobs of this type are for; raises `KeyError` where nothing does."""
    targets: Targets | None = getattr(import_module(_modules[name]), "targets", None)
    if targets is None:
        raise KeyError(name)
    return targets
