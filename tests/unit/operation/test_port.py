"""The port: a number, and free."""

import socket

import pytest

from bootstrap.console import SetupError
from operation import port


@pytest.mark.parametrize("given", ["", "8010", "1", "65535"])
def test_a_port_is_taken_as_given(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", given)
    assert port.chosen() == int(given or 8000)


@pytest.mark.parametrize("given", ["0", "65536", "-1", "http", "80 00", "²"])
def test_what_is_no_port_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", given)
    with pytest.raises(SetupError, match="is not a port"):
        port.chosen()


def test_a_port_that_somebody_listens_on_is_refused() -> None:
    with socket.create_server((port.HOST, 0)) as other:
        number = other.getsockname()[1]
        with pytest.raises(SetupError, match=f"Port {number} is in use"):
            port.require_free(number)
    port.require_free(number)


def test_a_port_shared_among_processes_counts_as_in_use() -> None:
    with (
        socket.create_server((port.HOST, 0), reuse_port=True) as other,
        pytest.raises(SetupError, match="is in use"),
    ):
        port.require_free(other.getsockname()[1])
