"""What each room offers, collected: published tables, functions, job types.

Rooms never reach into each other for these; they hand over values and this module wires them.
"""

from importlib import import_module

from django.conf import settings

from uws import registry


def wire() -> None:
    """Register every room's job types and published tables. Called once, at start."""
    for module in settings.VO_UWS_JOB_MODULES:
        for job_type in import_module(module).job_types:
            registry.register(job_type)
