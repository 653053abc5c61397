"""What can go wrong on the machine of the person who typed `make run`.

LocalError(RuntimeError)      one line for a person, an exit code for a shell, no traceback
"""


class LocalError(RuntimeError):
    """The system cannot start or go on here; the text says why and what would help."""

    exit_code = 1
