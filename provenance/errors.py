"""What can be wrong with a record."""


class ProvenanceError(Exception):
    """Records that contradict what is known already. A fault of the program, not of its user."""
