"""The job types that this room offers."""

from typing import Any

from analysis.workflows.isgri_image import ISGRI_IMAGE
from uws.types import JobType

job_types: tuple[JobType[Any], ...] = (ISGRI_IMAGE,)
