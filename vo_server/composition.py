"""What each room offers, collected: published tables, functions, job types.

Rooms never reach into each other for these; they hand over values and this module wires them.
"""


def wire() -> None:
    """Register every room's job types and published tables. Called once, at start."""
