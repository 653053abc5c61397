"""What one evaluation may take of the machine."""

import resource

import structlog

log = structlog.get_logger(__name__)


def limit_memory(limit_bytes: int) -> None:
    """Let whatever this process allocates beyond the limit raise MemoryError.

    Heap and private mappings count (RLIMIT_DATA): an evaluation that is too large fails by itself,
    with a reason, where the kernel would kill the worker. Files mapped for reading, such as the
    stored matrix, do not count: their pages can be dropped.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, hard))
    except (OSError, ValueError) as error:  # a lower limit from outside, or not Linux
        log.warning("memory not limited", error=repr(error))
