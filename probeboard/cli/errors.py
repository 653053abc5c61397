"""What a person at the command line can put right."""


class CommandError(Exception):
    """The command cannot be done as asked; its text says why, and ends in exit status 2."""
