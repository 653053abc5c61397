"""From scores per task to a ranking: ties are ties, and what the pool may influence is stated.

NumPy only. Every function takes arrays with a row per submission and a column per task, larger
is better, and never changes its input.
"""

from probeboard.ranking.methods import average_rank, mean_q, mean_score, neuco
from probeboard.ranking.pool import RankingMethod, rank, rank_against_pool
from probeboard.ranking.result import Ranking

__all__ = [
    "Ranking",
    "RankingMethod",
    "average_rank",
    "mean_q",
    "mean_score",
    "neuco",
    "rank",
    "rank_against_pool",
]
