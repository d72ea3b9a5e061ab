"""Fetching what a client's address points at, from a real server, with all that may go wrong."""

import io
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dali.fetching import FetchError, FetchLimits, fetch, networks

HERE = networks("127.0.0.1")


class Handler(BaseHTTPRequestHandler):
    """Answers by the path that is asked for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """What the path says."""
        kind, _, rest = self.path[1:].partition("/")
        if kind == "table":
            self.answer(200, rest.encode() or b"content")
        elif kind == "to":
            self.send_response(302)
            self.send_header("Location", rest)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif kind == "drip":
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                if self.server.closing.wait(0.05):
                    break
                self.wfile.write(b"x")
                self.wfile.flush()
            self.close_connection = True
        elif kind == "short":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"less")
            self.close_connection = True
        elif kind == "nonsense":
            self.wfile.write(b"no HTTP at all\r\n\r\n")
            self.close_connection = True
        else:
            self.answer(404, b"no")

    def answer(self, status, body):
        """Send it whole."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing."""


class Server(ThreadingHTTPServer):
    """Clients that leave are no error."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        """Nothing."""


@pytest.fixture(scope="module")
def address():
    """Where the server is."""
    server = Server(("127.0.0.1", 0), Handler)
    server.closing = threading.Event()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


def got(url, max_bytes=1000, timeout_s=5.0, allowed=HERE):
    file = io.BytesIO()
    fetch(url, file, FetchLimits(max_bytes, timeout_s, allowed))
    return file.getvalue()


def test_a_file_is_fetched(address):
    assert got(f"{address}/table/x?y=1") == b"x?y=1"
    assert got(f"{address}/table/ä b".replace(" ", "%20")) == b"%C3%A4%20b"


def test_a_redirect_is_followed_with_relative_addresses_too(address):
    assert got(f"{address}/to//table/moved") == b"moved"
    assert got(f"{address}/to/{address}/table/moved") == b"moved"


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.2/", "http://169.254.169.254/latest", "file:///etc/passwd"],
)
def test_every_redirect_is_checked(address, target):
    with pytest.raises(FetchError, match=r"no public address|not fetched"):
        got(f"{address}/to/{target}")


def test_redirects_without_end_are_left(address):
    loop = f"{address}/to/"
    with pytest.raises(FetchError, match="too often"):
        got(loop * 20 + f"{address}/table/x")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",  # noqa: S104 - not bound to
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fc00::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::10.0.0.1]",
        "[2002:7f00:1::]",
        "nowhere.invalid",
    ],
)
def test_addresses_that_are_not_public_are_refused(host):
    with pytest.raises(FetchError, match="no public address") as caught:
        got(f"http://{host}:1/", allowed=())
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/x",
        "gopher://example.org/",
        "file:///etc/passwd",
        "relative",
        "http://",
        "http://user:secret@example.org/",
        "http://example.org:99999/",
        "http://[::1/",
        "http://exa mple.org/",
        "http://example.org/\r\nX: y",
    ],
)
def test_what_is_no_address_of_the_web_is_refused(url):
    with pytest.raises(FetchError, match=r"not fetched|no address|no public address"):
        got(url)


def test_more_than_the_limit_is_not_fetched(address):
    assert len(got(f"{address}/table/{'x' * 100}", max_bytes=100)) == 100
    with pytest.raises(FetchError, match="larger than 99 bytes") as caught:
        got(f"{address}/table/{'x' * 100}", max_bytes=99)
    assert caught.value.status == 413


def test_a_server_that_drips_is_left_in_time(address):
    begin = time.monotonic()
    with pytest.raises(FetchError, match=r"longer than 0\.5 s"):
        got(f"{address}/drip", timeout_s=0.5)
    assert time.monotonic() - begin < 2


@pytest.mark.parametrize("path", ["short", "nonsense"])
def test_an_answer_that_is_none_is_an_error(address, path):
    with pytest.raises(FetchError, match="no proper answer"):
        got(f"{address}/{path}")


def test_a_server_that_refuses_is_told_by_its_status(address):
    with pytest.raises(FetchError, match="answers with status 404"):
        got(f"{address}/elsewhere")


def test_nobody_there_is_told_without_details():
    with pytest.raises(FetchError, match="can't be reached") as caught:
        got("http://127.0.0.1:1/")
    assert "refused" not in caught.value.message


def test_networks_are_read_as_an_operator_writes_them():
    assert [str(n) for n in networks(" 10.0.0.0/8, 192.168.7.5 ,")] == [
        "10.0.0.0/8",
        "192.168.7.5/32",
    ]
    with pytest.raises(ValueError, match="does not appear to be"):
        networks("10.0")
