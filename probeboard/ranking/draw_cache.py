"""Draws of submissions already drawn, within a bound on memory."""


class DrawCache:
    """Keeps draws by submission, so that a new submission costs one row.

    Parameters
    ----------
    max_bytes
        What it may hold; a pool whose draws are larger is not kept.
    """

    def __init__(self, max_bytes: int = 256 << 20) -> None:
        self.max_bytes = max_bytes
