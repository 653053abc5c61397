"""Break ties where a phase asks for it, and say so."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from probeboard.ranking.methods import mean_score
from probeboard.ranking.result import Ranking
from probeboard.ranking.ties import Weights, shared_ranks


def mean_score_then_earlier(
    scores: ArrayLike, arrived: Sequence[Any], *, weights: Weights | None = None
) -> list[tuple[int, Any]]:
    """Make the keys of the tie-break "the better mean score, then the earlier submission".

    Parameters
    ----------
    scores
        Shape ``(n, t)``: mean split score of each submission on each task, larger is better.
    arrived
        When each of the n came: instants, or anything else in order.
    weights
        Shape ``(t,)``, the weights a phase announces; equal by default.

    Returns
    -------
    list
        A key per submission, the smaller the better. Equal keys leave a tie a tie.

    Raises
    ------
    ValueError
        As for `mean_score`, and if there is not one arrival per submission.

    Examples
    --------
    >>> mean_score_then_earlier([[0.5], [0.7], [0.5]], [30, 20, 10])
    [(2, 30), (1, 20), (2, 10)]
    """
    places = mean_score(scores, weights=weights).ranks.tolist()
    return list(zip(places, arrived, strict=True))


def break_ties(ranking: Ranking, keys: Sequence[Any]) -> Ranking:
    """Order those that share a rank by their keys, the smaller first.

    Parameters
    ----------
    ranking
        As a method made it.
    keys
        One per submission, of one kind and in order.

    Returns
    -------
    Ranking
        With ``tie_broken`` for all that a key tells from another of the same rank. Nobody passes
        someone the method itself ranks better.

    Raises
    ------
    ValueError
        If there is not one key per submission.

    Examples
    --------
    >>> from probeboard.ranking.methods import mean_score
    >>> broken = break_ties(mean_score([[0.5], [0.7], [0.5]]), [30, 20, 10])
    >>> broken.ranks, broken.tie_broken
    (array([3, 1, 2]), array([ True, False,  True]))
    """
    shared = ranking.ranks
    ranks = shared_ranks(list(zip(shared.tolist(), keys, strict=True)))
    sizes = np.bincount(shared, minlength=1)[shared]
    sizes_after = np.bincount(ranks, minlength=1)[ranks]
    return replace(
        ranking,
        ranks=ranks,
        order=np.argsort(ranks, kind="stable"),
        tie_broken=sizes_after < sizes,
    )
