"""`--analyses sample-bootstrap`: how far scores may be off had other samples been labelled."""

from collections.abc import Sequence

from probeboard.cli.plan import Plan
from probeboard.labelsets import LabelSet, number_groups
from probeboard.probing import TaskScores, Units, bootstrap_tasks
from probeboard.scores import floor_of

# Of a server it is the phase's, so the two differ by chance, within a few percent.
SEED = "probeboard score"


def sample_errors(plan: Plan, scores: Sequence[TaskScores]) -> dict[str, object]:
    """Bootstrap samples, or groups where splits are by group; ready for JSON, as the server's."""
    tasks = plan.probe_tasks()
    found = bootstrap_tasks(
        tasks,
        scores,
        [_groups(one, plan) for one in plan.label_sets.values()],
        n_samples=len(plan.sample_ids),
        seed=SEED,
        floor=floor_of(plan.scorer),
    )
    return found.to_dict([1.0] * len(tasks))


def _groups(labels: LabelSet, plan: Plan) -> Units | None:
    found = number_groups(labels, plan.splits, plan.marks)
    return None if found is None else Units(found.of, found.size, "groups")
