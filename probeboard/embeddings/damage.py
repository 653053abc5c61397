"""Turns what libraries raise for a damaged file into an issue."""

import errno
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from probeboard.embeddings.issues import InvalidEmbeddings, IssueCode, IssueLog

_DAMAGE = (
    pa.ArrowException,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    ArithmeticError,
    RuntimeError,  # and NotImplementedError
    TypeError,
)
_DETAIL_CHARACTERS = 200


@contextmanager
def refused_if_damaged(log: IssueLog, what: str = "the file") -> Iterator[None]:
    """Refuse the file if a library could not make sense of it.

    To be put around calls of libraries only, so that a mistake of ours stays a mistake of ours.

    Raises
    ------
    InvalidEmbeddings
        In place of what the library raised.
    OSError
        If the disk failed. A damaged file makes PyArrow raise an OSError without a number, and
        zipfile seek to before the start of the file (EINVAL).

    Examples
    --------
    >>> with refused_if_damaged(IssueLog()):
    ...     raise EOFError("unexpected end")
    Traceback (most recent call last):
    probeboard.embeddings.issues.InvalidEmbeddings: corrupted: the file is damaged: unexpected end
    """
    try:
        yield
    except (MemoryError, InvalidEmbeddings):
        raise
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        reason = str(error).partition("\n")[0][:_DETAIL_CHARACTERS]
        log.fail(IssueCode.CORRUPTED, f"{what} is damaged: {reason or type(error).__name__}")
