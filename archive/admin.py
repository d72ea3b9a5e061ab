"""The archive in Django's admin pages: to look at; files and rows change by ingest only."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from archive.models import DataProduct, ObsCoreRow, Observation, Revolution, ScienceWindow, Source


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Shows rows; what is in them came with files and must stay true to them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes."""
        return False


@admin.register(ScienceWindow)
class ScienceWindowAdmin(ReadOnlyAdmin):
    """Science Windows."""

    list_display = ("scw", "scw_type", "target_name", "observation", "event_count", "release_date")
    list_filter = ("scw_type", "is_simulated")
    list_select_related = ("observation",)
    search_fields = ("scw", "target_name", "observation__obs_id")


@admin.register(DataProduct)
class DataProductAdmin(ReadOnlyAdmin):
    """Files that are handed out."""

    list_display = ("product_id", "kind", "size", "data_rights", "release_date", "owner", "created")
    list_filter = ("kind", "store", "data_rights")
    search_fields = ("product_id", "obs_id", "job_id")


@admin.register(ObsCoreRow)
class ObsCoreRowAdmin(ReadOnlyAdmin):
    """Rows of ivoa.obscore."""

    list_display = ("obs_publisher_did", "dataproduct_type", "calib_level", "target_name", "scw")
    list_filter = ("dataproduct_type", "calib_level", "obs_collection")
    search_fields = ("obs_publisher_did", "target_name", "obs_id")


@admin.register(Observation)
class ObservationAdmin(ReadOnlyAdmin):
    """Observations."""

    list_display = ("obs_id", "target_name", "pi_name", "release_date")
    search_fields = ("obs_id", "target_name", "pi_name", "title")


@admin.register(Revolution)
class RevolutionAdmin(ReadOnlyAdmin):
    """Revolutions."""

    list_display = ("number", "start_ijd", "stop_ijd")


@admin.register(Source)
class SourceAdmin(ReadOnlyAdmin):
    """The reference catalogue."""

    list_display = ("name", "source_class", "ra", "dec", "isgri_flag")
    search_fields = ("name", "source_id")
