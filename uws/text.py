"""Text that both XML and PostgreSQL can hold."""

import re

#: All but the characters of XML 1.0, production 2.
ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legible(text: str) -> str:
    """``text`` with a replacement character for each one that no document may hold."""
    return ILLEGAL.sub("\ufffd", text)
