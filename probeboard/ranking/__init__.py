"""From scores per task to a ranking: ties are ties, and what the pool may influence is stated.

Arrays have a row per submission and a column per task or split, larger is better, and no function
changes its input.
"""

from probeboard.ranking.agreement import kendall_tau_b, symmetric_difference, task_clusters
from probeboard.ranking.challenger import ChallengerMethod, rank_as_challenger
from probeboard.ranking.further import FURTHER, FurtherOrders
from probeboard.ranking.methods import average_rank, mean_q, mean_score, neuco
from probeboard.ranking.paired_tests import rank_by_tests
from probeboard.ranking.pairwise import borda, copeland
from probeboard.ranking.pool import RankingMethod, rank, rank_against_pool
from probeboard.ranking.result import Ranking
from probeboard.ranking.scored import place_against_pool, rank_by_all, rank_scores, score_table
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.tie_break import break_ties, mean_score_then_earlier
from probeboard.ranking.win_rate import win_rates

__all__ = [
    "FURTHER",
    "ChallengerMethod",
    "FurtherOrders",
    "Ranking",
    "RankingMethod",
    "TaskSplitScores",
    "average_rank",
    "borda",
    "break_ties",
    "copeland",
    "kendall_tau_b",
    "mean_q",
    "mean_score",
    "mean_score_then_earlier",
    "neuco",
    "place_against_pool",
    "rank",
    "rank_against_pool",
    "rank_as_challenger",
    "rank_by_all",
    "rank_by_tests",
    "rank_scores",
    "score_table",
    "symmetric_difference",
    "task_clusters",
    "win_rates",
]
