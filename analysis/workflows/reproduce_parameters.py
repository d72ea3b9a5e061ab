"""What ``reproduce`` takes; light to import, since the web server needs no more of it."""

from typing import Annotated

from pydantic import Field

from uws.parameters import JobParameters, Meaning


class ReproduceParameters(JobParameters):
    """What is to be made again, and whether from the beginning."""

    identifier: Annotated[str, Meaning(ucd="meta.id", separator=None)] = Field(
        alias="ID",
        min_length=1,
        max_length=1000,
        description="A published product (its obs_publisher_did) or the activity that made some.",
    )
    use_cache: bool = Field(
        default=True,
        description="1: steps whose results are in the cache are not run again; 0: every step is.",
    )
