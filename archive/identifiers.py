"""Identifiers and addresses of files.

A product id is what follows ``/products/`` in a file's URL and ``?`` in its publisher dataset
identifier (DID). Archive files have ``scw/0665/066500330010.001/isgri_events`` or
``cat/hec/gnrl_refr_cat_0043``, products made here 32 random hexadecimal digits. IVOIDs are
case-insensitive, so all of it is lower case.
"""

import re
import secrets
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.conf import settings

_PRODUCT = re.compile(r"[0-9a-f]{32}")
_ARCHIVE_FILE = re.compile(
    r"scw/[0-9]{4}/[0-9]{12}\.[0-9]{3}/[a-z0-9_]{1,40}|cat/hec/[a-z0-9_]{1,60}"
)


@dataclass(frozen=True, slots=True)
class ProductIdentity:
    """The names of one file.

    product_id: its name here. obs_publisher_did: its name in the Virtual Observatory, which is
    also the id of its provenance entity. access_url: where it is had.
    """

    product_id: str
    obs_publisher_did: str

    @property
    def access_url(self) -> str:
        """Absolute URL of the file."""
        return access_url(self.product_id)


def new_product_identity() -> ProductIdentity:
    """Names for a product that is about to be made, so that its header can carry them."""
    product_id = secrets.token_hex(16)
    return ProductIdentity(product_id, f"ivo://{settings.VO_AUTHORITY}/product?{product_id}")


def archive_file_identity(folder: PurePosixPath, kind: str) -> ProductIdentity:
    """Names of an archive file: its folder below the archive root and what it is.

    Such as a Science Window's folder and ``swg`` or ``isgri_events``.
    """
    product_id = f"{folder}/{kind}"
    return ProductIdentity(product_id, f"ivo://{settings.VO_AUTHORITY}/archive?{product_id}")


def access_url(product_id: str) -> str:
    """Absolute URL of a file."""
    return f"{settings.SITE_URL}/products/{product_id}"


def is_product_id(text: str) -> bool:
    """Whether a text has the form of a product id."""
    return bool(_PRODUCT.fullmatch(text) or _ARCHIVE_FILE.fullmatch(text))
