"""Uploads as TOPCAT and STILTS send them, through the real web server."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from vo_server.configuration import PROJECT_ROOT

# STILTS' own boundary, which has to be quoted in the header.
BOUNDARY = "<<<--------------MULTIPART-BOUNDARY------->>>"
TABLE = b"<VOTABLE/>" * 300
LIMIT = 1_000_000


def part(name: str, value: bytes, file_name: str = "") -> bytes:
    """One part of a multipart body, in STILTS' order of headers."""
    disposition = f'Content-Disposition: form-data; name="{name}"'
    if file_name:
        disposition += f'; filename="{file_name}"'
    head = f"\r\n--{BOUNDARY}\r\nContent-Type: text/plain\r\n{disposition}\r\n\r\n"
    return head.encode() + value


BODY = (
    part("LANG", b"ADQL")
    + part("QUERY", b"SELECT * FROM TAP_UPLOAD.t1")
    + part("UPLOAD", b"t1,param:upload_t1")
    + part("upload_t1", TABLE, "upload_t1")
    + f"\r\n--{BOUNDARY}--\r\n".encode()
)
UNDERSTOOD = {
    "parameters": {
        "LANG": "ADQL",
        "QUERY": "SELECT * FROM TAP_UPLOAD.t1",
        "UPLOAD": "t1,param:upload_t1",
    },
    "files": {"upload_t1": len(TABLE)},
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A web server with the application of ``echo_server``."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        number = probe.getsockname()[1]
    granian = Path(sys.executable).with_name("granian")
    support = PROJECT_ROOT / "tests" / "support"
    server = subprocess.Popen(
        [granian, "--interface=asginl", f"--port={number}", "echo_server:application"],
        cwd=PROJECT_ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{support}:{PROJECT_ROOT}",
            "VO_MAX_REQUEST_BYTES": str(LIMIT),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 30
        while time.monotonic() < end and server.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", number)) == 0:
                    break
            time.sleep(0.1)
        yield number
    finally:
        server.terminate()
        server.wait(20)


def post(port: int, body: bytes, *, chunked: bool) -> tuple[int, bytes]:
    """Status and answer of a POST, in chunks or with its length."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    pieces = [body[start : start + 1000] for start in range(0, len(body), 1000)]
    headers = {"Content-Type": f'multipart/form-data; boundary="{BOUNDARY}"'}
    try:
        connection.request(
            "POST", "/echo", iter(pieces) if chunked else body, headers, encode_chunked=chunked
        )
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("chunked", [True, False])
def test_an_upload_arrives_whole(port: int, chunked: bool) -> None:
    status, answer = post(port, BODY, chunked=chunked)
    assert status == 200
    assert json.loads(answer) == UNDERSTOOD


@pytest.mark.parametrize("chunked", [True, False])
def test_an_upload_larger_than_the_limit_is_refused(port: int, chunked: bool) -> None:
    large = part("upload_t1", b"x" * LIMIT, "upload_t1")
    try:
        status, _ = post(port, large, chunked=chunked)
    except (BrokenPipeError, ConnectionResetError):
        return  # the server hung up before all of it was sent
    assert status == 413
