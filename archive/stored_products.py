"""Finds the file of a published product again, for analyses that start from one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.models import DataProduct
from archive.rights import Rights, may_read
from auth.principal import Principal
from dali.errors import AuthorisationError, NotFoundError


@dataclass(frozen=True, slots=True)
class StoredProduct:
    """A file of the archive or of an analysis that this person may read.

    kind: what it is, as in UWS results (``mosaic``, ``spectrum_1``, …) or in the archive.
    obs_id: groups what belongs together. sha256: hexadecimal digits. is_public: for everybody.
    """

    obs_publisher_did: str
    path: Path
    file_name: str
    kind: str
    media_type: str
    obs_id: str | None
    sha256: str
    is_public: bool


def find(identifier: str, principal: Principal) -> StoredProduct:
    """The product of this ``obs_publisher_did``, or with this id of ``/products/``.

    Raises `NotFoundError` where there is none or its file is gone, `AuthorisationError` where
    this person may not read it.
    """
    stored = (
        DataProduct.objects.filter(obs_publisher_did=identifier).first()
        or DataProduct.objects.filter(product_id=identifier).first()
    )
    if stored is None:
        raise NotFoundError(f"there is no product {identifier!r}")
    rights = _rights(stored)
    if not may_read(principal, rights):
        raise AuthorisationError(f"product {identifier!r} is not public")
    if not stored.file.is_file():
        raise NotFoundError(f"the file of product {identifier!r} is missing")
    return _value(stored)


def find_all(identifiers: Sequence[str], principal: Principal) -> tuple[StoredProduct, ...]:
    """Those of these ``obs_publisher_did`` that are there and that this person may read."""
    found = DataProduct.objects.filter(obs_publisher_did__in=identifiers).order_by("id")
    return tuple(
        _value(stored)
        for stored in found
        if may_read(principal, _rights(stored)) and stored.file.is_file()
    )


def beside(product: StoredProduct, principal: Principal) -> tuple[StoredProduct, ...]:
    """What was published together with a product (the same ``obs_id``) and this person may read."""
    if product.obs_id is None:
        return ()
    found = DataProduct.objects.filter(obs_id=product.obs_id).order_by("id")
    return tuple(
        _value(stored)
        for stored in found
        if stored.obs_publisher_did != product.obs_publisher_did
        and may_read(principal, _rights(stored))
        and stored.file.is_file()
    )


def _rights(stored: DataProduct) -> Rights:
    return Rights(stored.data_rights, stored.release_date, stored.owner_id)


def _value(stored: DataProduct) -> StoredProduct:
    return StoredProduct(
        obs_publisher_did=stored.obs_publisher_did,
        path=stored.file,
        file_name=stored.file_name,
        kind=stored.kind,
        media_type=stored.media_type,
        obs_id=stored.obs_id,
        sha256=stored.sha256,
        is_public=_rights(stored).is_public(),
    )
