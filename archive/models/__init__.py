"""The archive's stored tables. Models never leave this room: others get frozen values."""

from archive.models.obscore import ObsCoreRow
from archive.models.obsplan import ExecutionStatus, ObsPlanRow
from archive.models.products import DataProduct, DataRights, Store
from archive.models.science_windows import Observation, Revolution, ScienceWindow
from archive.models.sources import Source

__all__ = [
    "DataProduct",
    "DataRights",
    "ExecutionStatus",
    "ObsCoreRow",
    "ObsPlanRow",
    "Observation",
    "Revolution",
    "ScienceWindow",
    "Source",
    "Store",
]
