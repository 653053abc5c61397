"""What `probeboard score` found, and as JSON."""

from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from probeboard.cli.arguments import own_version
from probeboard.cli.plan import Plan
from probeboard.embeddings import Embeddings
from probeboard.labelsets import marks_to_bytes, to_bytes
from probeboard.probing import TaskScores, get_scorer, package_versions


@dataclass(frozen=True, eq=False)
class Outcome:
    """All of a run."""

    embeddings: Embeddings
    plan: Plan
    scores: tuple[TaskScores, ...]
    analyses: dict[str, Any]

    @property
    def scorer(self) -> str:
        """Name and version."""
        scorer = get_scorer(self.plan.scorer)
        return f"{scorer.name}@{scorer.version}"

    @property
    def mean_score(self) -> float:
        """Mean of the tasks' means."""
        return float(np.mean([one.mean for one in self.scores]))

    @property
    def n_unlabelled(self) -> int:
        """Samples without a label in any task."""
        labelled = {sample for one in self.plan.label_sets.values() for sample in one.sample_ids}
        return len(self.plan.sample_ids) - len(labelled)


def to_document(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome as JSON-ready values; the same input gives the same document."""
    plan = outcome.plan
    return {
        "scorer": outcome.scorer,
        "mean_score": outcome.mean_score,
        "tasks": [_task(plan, one) for one in outcome.scores],
        "analyses": outcome.analyses,
        "receipt": {
            "probeboard": own_version(),
            "embeddings_sha256": outcome.embeddings.sha256,
            "facts": outcome.embeddings.facts.to_dict(),
            "samples": len(plan.sample_ids),
            "unlabelled_samples": outcome.n_unlabelled,
            "splits": {
                **asdict(plan.splits),
                "marks_sha256": sha256(marks_to_bytes(plan.marks)).hexdigest()
                if plan.marks
                else None,
            },
            "probe": asdict(plan.probe),
            "scaling": plan.scaling.value,
            "packages": package_versions(),
        },
    }


def _task(plan: Plan, scores: TaskScores) -> dict[str, Any]:
    labels = plan.label_sets[scores.name]
    return {
        "task": scores.name,
        "type": labels.task_type.value,
        "metric": scores.metric,
        "mean": scores.mean,
        "standard_error": scores.standard_error,
        "std": scores.std,
        "q": scores.q,
        "labels": len(labels.sample_ids),
        "labels_sha256": sha256(to_bytes(labels)).hexdigest(),
        "split_scores": scores.split_scores.tolist(),
        "penalties": scores.penalties.tolist(),
    }
