"""Which text is kept: a name is one line that shows as it is written, in bodies and in bundles."""

# Marks that make text be shown in another order than it is written: a name could pose as another.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CONTROLS = frozenset("\x7f\x85\u2028\u2029")
# Cells that a spreadsheet would run as a formula get an apostrophe in front.
_FORMULA_STARTS = ("=", "+", "-", "@")


def one_line(value: str) -> str:
    """Return a name as it is.

    Raises
    ------
    ValueError
        If it holds line breaks, control characters or marks of direction.
    """
    if any(sign < " " or sign in _CONTROLS or sign in _REORDERING for sign in value):
        raise ValueError("must be one line, without control characters")
    return value


def defused(text: str) -> str:
    """Return text as a cell of a CSV, on one line, that no spreadsheet runs as a formula.

    >>> defused("=1+1"), defused("two\\r\\nlines")
    ("'=1+1", 'two lines')
    """
    line = " ".join(text.split())  # a writer of CSV would leave a lone carriage return unquoted
    return f"'{line}" if line.startswith(_FORMULA_STARTS) else line
