"""Which answers are compressed, and that they are read back."""

import zlib

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dali.compression import compressed, encoding_for
from dali.errors import DaliError

GZIP = zlib.MAX_WBITS | 16


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", None),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("GZIP;q=0.5, zstd;q=0.1", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0, *", "zstd"),
        ("*;q=0", None),
        ("identity", None),
        ("identity;q=1, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", "gzip"),
        ("deflate, br", None),
        ("gzip;q=wrong", None),
        (" , ;q=1", None),
    ],
)
def test_the_client_s_wish_decides(accepted, encoding):
    assert encoding_for(accepted) == encoding


def decompressed(data, encoding):
    if encoding == "gzip":
        return zlib.decompressobj(GZIP).decompress(data)
    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        return stream.read()


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@given(pieces=st.lists(st.binary(max_size=200)))
def test_what_is_compressed_is_read_back(encoding, pieces):
    assert decompressed(b"".join(compressed(iter(pieces), encoding)), encoding) == b"".join(pieces)


def test_every_piece_can_be_read_as_soon_as_it_is_there():
    stream = compressed(iter([b"first", b"second"]), "gzip")
    reader = zlib.decompressobj(GZIP)
    assert reader.decompress(next(stream)) == b"first"
    assert reader.decompress(next(stream)) == b"second"
    zstandard = compressed(iter([b"first" * 9, b"second"]), "zstd")
    reading = pa.CompressedInputStream(pa.BufferReader(next(zstandard) + next(zstandard)), "zstd")
    assert reading.read(51) == b"first" * 9 + b"second"


def test_a_failure_goes_through_and_leaving_early_ends_the_source():
    ended = []

    def pieces():
        try:
            yield b"a"
            raise DaliError("late")
        finally:
            ended.append(True)

    stream = compressed(pieces(), "gzip")
    next(stream)
    with pytest.raises(DaliError, match="late"):
        next(stream)
    stream = compressed(pieces(), "zstd")
    next(stream)
    stream.close()
    assert ended == [True, True]
