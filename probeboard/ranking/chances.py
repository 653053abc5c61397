"""How finely draws tell a probability."""


def smallest_chance(n_draws: int) -> float:
    """Return the least probability that so many draws tell from none.

    What happened in none of the draws has one below it, and is not known to be impossible.

    Parameters
    ----------
    n_draws
        How many; 0 counts as 1.

    Returns
    -------
    float
        The share of one draw, in (0, 1]: rounded up to three decimals, as many as boards tell.

    Examples
    --------
    >>> [smallest_chance(n) for n in (10_000, 1000, 781, 100)]
    [0.001, 0.001, 0.002, 0.01]
    """
    return -(-1000 // max(n_draws, 1)) / 1000
