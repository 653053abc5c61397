"""Probing: ask frozen embeddings what they know, and score them on every split of a task.

Imports SciPy: for workers, the command line and tests, never for the web service.
"""

from probeboard.probing.analyses import Analyses, Analysis, analyse
from probeboard.probing.encodings import Encoding, Point, default_points
from probeboard.probing.metrics import (
    METRIC,
    METRICS,
    Metric,
    further_metrics,
    official_metric,
    q_score,
)
from probeboard.probing.neuco import UnsupportedTask
from probeboard.probing.predictions import pack_predictions, unpack_predictions
from probeboard.probing.preparation import PreparedEmbeddings, prepare
from probeboard.probing.rate_distortion import RatePoint, rate_distortion
from probeboard.probing.sample_bootstrap import Units
from probeboard.probing.sample_errors import SampleErrors, bootstrap_tasks
from probeboard.probing.scaling import Scaling
from probeboard.probing.scorers import (
    Scorer,
    UnknownScorer,
    get_scorer,
    score_task,
    score_tasks,
)
from probeboard.probing.spectrum import Spectrum, describe_spectrum
from probeboard.probing.task import Probe, ProbeKind, ProbeTask, TaskScores
from probeboard.probing.versions import package_versions

__all__ = [
    "METRIC",
    "METRICS",
    "Analyses",
    "Analysis",
    "Encoding",
    "Metric",
    "Point",
    "PreparedEmbeddings",
    "Probe",
    "ProbeKind",
    "ProbeTask",
    "RatePoint",
    "SampleErrors",
    "Scaling",
    "Scorer",
    "Spectrum",
    "TaskScores",
    "Units",
    "UnknownScorer",
    "UnsupportedTask",
    "analyse",
    "bootstrap_tasks",
    "default_points",
    "describe_spectrum",
    "further_metrics",
    "get_scorer",
    "official_metric",
    "pack_predictions",
    "package_versions",
    "prepare",
    "q_score",
    "rate_distortion",
    "score_task",
    "score_tasks",
    "unpack_predictions",
]
