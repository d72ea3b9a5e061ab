"""Identifiers as qualified names, and texts as every format can hold them.

What precedes the last ``?`` of an identifier (or its last ``/``) becomes the namespace, so that the
whole identifier can be put together again. The local parts are those of PROV-N; they may hold
signs, such as ``/``, that an XML name can't.
"""

import re

# What XML 1.0 can't hold (section 2.2): most control characters, and halves of surrogate pairs.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parts_of(identifier: str) -> tuple[str, str, str]:
    """A prefix, the namespace, and the local part of an identifier."""
    head, mark, local = identifier.rpartition("?")
    if not mark:
        head, mark, local = identifier.rpartition("/")
    prefix = "".join(c for c in head.rpartition("/")[2] if c.isascii() and c.isalnum())
    if not prefix or prefix[0].isdigit():
        prefix = f"id{prefix}"
    return prefix, head + mark, local


def writable(text: str) -> str:
    """The text without the characters that XML can't hold."""
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
