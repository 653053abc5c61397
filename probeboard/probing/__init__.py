"""Probing: fit linear probes on frozen embeddings, score them on every split of a task.

Imports SciPy: for workers, the command line and tests, never for the web service.
"""

from probeboard.probing.metrics import METRIC, q_score
from probeboard.probing.neuco import UnsupportedTask
from probeboard.probing.predictions import pack_predictions, unpack_predictions
from probeboard.probing.preparation import PreparedEmbeddings, prepare
from probeboard.probing.scorers import (
    Scorer,
    UnknownScorer,
    get_scorer,
    score_task,
    score_tasks,
)
from probeboard.probing.task import Probe, ProbeKind, ProbeTask, TaskScores
from probeboard.probing.versions import package_versions

__all__ = [
    "METRIC",
    "PreparedEmbeddings",
    "Probe",
    "ProbeKind",
    "ProbeTask",
    "Scorer",
    "TaskScores",
    "UnknownScorer",
    "UnsupportedTask",
    "get_scorer",
    "pack_predictions",
    "package_versions",
    "prepare",
    "q_score",
    "score_task",
    "score_tasks",
    "unpack_predictions",
]
