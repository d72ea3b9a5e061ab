"""Compressing an answer on its way, where the client says that it can read that.

RFC 9110, sections 8.4 and 12.5.3. What has been written so far leaves with every piece, so that a
compressed answer begins as early as a plain one.
"""

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

import pyarrow as pa

from dali.writers.sink import Pieces

# Fast rather than small: a higher level costs more time than a local network saves.
_GZIP_LEVEL = 1
_GZIP_FORMAT = zlib.MAX_WBITS | 16


class Compressor(ABC):
    """Compresses one answer."""

    @abstractmethod
    def compress(self, data: bytes) -> bytes:
        """All that is needed to read the answer so far."""

    @abstractmethod
    def finish(self) -> bytes:
        """The end."""


class _Gzip(Compressor):
    def __init__(self) -> None:
        self._stream = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_FORMAT)

    def compress(self, data: bytes) -> bytes:
        return self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._stream.flush()


class _Zstandard(Compressor):
    def __init__(self) -> None:
        self._pieces = Pieces()
        self._stream = pa.CompressedOutputStream(pa.PythonFile(self._pieces, "w"), "zstd")

    def compress(self, data: bytes) -> bytes:
        self._stream.write(data)
        self._stream.flush()
        return self._pieces.take()

    def finish(self) -> bytes:
        self._stream.close()
        return self._pieces.take()


_COMPRESSORS: dict[str, Callable[[], Compressor]] = {"zstd": _Zstandard, "gzip": _Gzip}
#: names of the encodings, the quickest first
ENCODINGS = tuple(_COMPRESSORS)


def encoding_for(accepted: str) -> str | None:
    """The encoding for a client whose ``Accept-Encoding`` is given; ``None`` for none.

    Nothing is compressed for a client that doesn't name an encoding, or that prefers none.
    """
    weights = dict(_weight(part) for part in accepted.lower().split(",") if part.strip())
    for alias, name in (("x-gzip", "gzip"), ("*", ENCODINGS[0])):
        if alias in weights:
            weights.setdefault(name, weights[alias])
    best = max(ENCODINGS, key=lambda name: weights.get(name, 0.0))
    weight = weights.get(best, 0.0)
    return best if weight > 0 and weight >= weights.get("identity", 0.0) else None


def _weight(part: str) -> tuple[str, float]:
    name, _, parameter = part.partition(";")
    key, _, value = parameter.partition("=")
    try:
        weight = float(value) if key.strip() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return name.strip(), weight


def compressed(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The pieces in an encoding of `ENCODINGS`; raises what they raise."""
    compressor = _COMPRESSORS[encoding]()
    try:
        for piece in pieces:
            yield compressor.compress(piece)
        yield compressor.finish()
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
