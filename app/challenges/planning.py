"""What an update of a challenge would change, and which of it is refused."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.challenges.bundle import Bundle
from app.challenges.changes import Change, compare
from app.challenges.outline import digest_of, labels_digest, outline_of_bundle, outline_of_rows
from app.challenges.refusals import Refusal, find_refusals, read_facts
from app.errors import PlanOutdated
from app.models import Challenge, LabelSet, Task


@dataclass(frozen=True)
class NewLabels:
    """A version of a task's labels that the update would make; counts only."""

    task: str
    version: int
    n_labels: int
    n_labels_before: int | None


@dataclass(frozen=True)
class Plan:
    """What would change; `digest` names the challenge as it is together with the bundle."""

    digest: str
    changes: tuple[Change, ...]
    label_sets: tuple[NewLabels, ...]
    refusals: tuple[Refusal, ...]

    def require_allowed(self, planned: str | None) -> None:
        """Refuse to go on if this is not the plan that was looked at, or part of it is refused.

        Raises
        ------
        PlanOutdated
            If `planned` is the digest of another plan.
        ChangeNeedsRescoring, PolicyChangeNeedsRecord
            The first kind of refusal, with each that is of its kind.
        """
        if planned is not None and planned != self.digest:
            raise PlanOutdated("The challenge or the bundle has changed since the plan was made.")
        if self.refusals:
            error = self.refusals[0].error
            raise error(" ".join(one.detail for one in self.refusals if one.error is error))


def make_plan(session: Session, challenge: Challenge, bundle: Bundle) -> Plan:
    """Compare a challenge as its rows say it is with a bundle of it."""
    before, after = outline_of_rows(session, challenge), outline_of_bundle(bundle)
    changes = compare(before, after)
    return Plan(
        digest=digest_of([before, after]),
        changes=changes,
        label_sets=_new_labels(session, challenge, bundle),
        refusals=find_refusals(changes, before, read_facts(session, challenge)),
    )


def _new_labels(session: Session, challenge: Challenge, bundle: Bundle) -> tuple[NewLabels, ...]:
    """Number the label sets as they will be when they are written: phase by phase."""
    rows = session.execute(
        select(Task.slug, LabelSet.digest, LabelSet.version, LabelSet.n_labels)
        .join(LabelSet, LabelSet.task_id == Task.id)
        .where(Task.challenge_id == challenge.id)
        .order_by(LabelSet.version)
    ).all()
    known = {(slug, digest) for slug, digest, _, _ in rows}
    newest: dict[str, tuple[int, int]] = {slug: (version, n) for slug, _, version, n in rows}
    found: list[NewLabels] = []
    for part in bundle.phases:
        for slug, task in part.tasks.items():
            key = (slug, labels_digest(task))
            if key in known:
                continue
            known.add(key)
            version, n_before = _newest(newest, slug)
            n_labels = len(task.labels.sample_ids)
            newest[slug] = (version + 1, n_labels)
            found.append(NewLabels(slug, version + 1, n_labels, n_before))
    return tuple(found)


def _newest(newest: Mapping[str, tuple[int, int]], slug: str) -> tuple[int, int | None]:
    return newest.get(slug, (0, None))
