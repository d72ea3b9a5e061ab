"""The port that the web server listens on."""

import errno
import os
import socket

from bootstrap.console import SetupError

HOST = "127.0.0.1"


def chosen() -> int:
    """The port of the variable PORT, 8000 without it."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SetupError(f"PORT={text!r} is not a port: a number from 1 to 65535.")
    return int(text)


def require_free(port: int) -> None:
    """Raise SetupError where somebody listens on the port already."""
    with socket.socket() as probe:
        # As the web server does; a port that only waits for its last packets is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise SetupError(f"Port {port} is reserved for root; choose one above 1023.") from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise SetupError(
                f"Port {port} is in use: another server listens on {HOST}:{port}. "
                f"Stop it, or choose another port: PORT={port + 1 if port < 65535 else 8000}"
            ) from None
