"""A file that is written to and taken from in pieces."""


class Pieces:
    """What Arrow's writers take for a file; `take` hands over what was written since the last time.

    closed: as Arrow asks of every file.
    """

    closed = False

    def __init__(self) -> None:
        """Begins empty."""
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep the bytes."""
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """What was written can still be taken."""

    def take(self) -> bytes:
        """The bytes since the last call."""
        taken = b"".join(self._written)
        self._written.clear()
        return taken
