"""When data become public, from what the archive says of them."""

from datetime import UTC, datetime

from archive.models import ObsCoreRow, Observation, ScienceWindow
from archive.rights import rights_until
from instruments.archive_layout import PROPRIETARY_YEARS
from instruments.isgri_files import PRIVATE, PUBLIC
from instruments.time import utc_from_ijd


def release_date(
    observation: Observation | None, ps: str | None, stop_ijd: float, written_at: datetime
) -> datetime | None:
    """When everybody may read a Science Window; ``None`` where it is private without a date.

    The observation table's date counts most. Else PS, the table's before the file's: ``public``
    means public since the file was made at the latest, ``private`` that nobody knows when. Where
    nothing is said, the mission's rule holds: one year after the data were taken.
    """
    if observation is not None and observation.release_date is not None:
        return observation.release_date
    if observation is not None and observation.is_public is not None:
        ps = PUBLIC if observation.is_public else PRIVATE
    if ps == PUBLIC:
        return min(written_at, datetime.now(UTC))
    if ps == PRIVATE:
        return None
    return _years_later(utc_from_ijd(stop_ijd), PROPRIETARY_YEARS)


def refresh(window: ScienceWindow) -> bool:
    """Bring a loaded Science Window's rights and rows up to date; whether anything changed.

    For when the observation table tells more, or other, than it did.
    """
    observation = window.observation
    date = release_date(observation, _ps(window), window.stop_ijd, window.written_at)
    proposal = observation.proposal_id if observation else None
    rows = ObsCoreRow.objects.filter(product__science_window=window)
    if window.release_date == date and not rows.exclude(proposal_id=proposal).exists():
        return False
    rights = rights_until(date)
    rows.update(obs_release_date=date, data_rights=rights, proposal_id=proposal)
    window.products.update(release_date=date, data_rights=rights)
    window.release_date = date
    window.save(update_fields=["release_date"])
    return True


def _ps(window: ScienceWindow) -> str | None:
    if window.is_public_by_file is None:
        return None
    return PUBLIC if window.is_public_by_file else PRIVATE


def _years_later(moment: datetime, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        # the 29th of February
        return moment.replace(year=moment.year + years, day=28)
