"""Who is told which fields: what no rule here names is the same for all who get the answer.

How much of each a role is told is what the policy answers; here stands which answer it hangs on.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.policy import Viewer, Who, sees_tracebacks
from tests.visibility_scenes import LATE, OWN, ROLES, SEES_ALL, How, Scene, who_is
from tests.visibility_statuses import BOARD, PHASE, PLACEMENT, SUBMISSION


@dataclass(frozen=True)
class FieldRule:
    """Fields that not everybody who gets an answer is told; the first rule that fits decides.

    `path` is a regular expression; `[]` stands for each item of a list.
    """

    route: str
    path: str
    name: str
    why: str
    how: Callable[[str, Scene], How]


def _if(answer: str, otherwise: How) -> Callable[[str, Scene], How]:
    """Tell it to those to whom the policy answers so."""
    return lambda role, scene: How.WHOLE if getattr(scene.sight(role), answer) else otherwise


def _figures(role: str, scene: Scene) -> How:
    return How.WHOLE if scene.sight(role).digits is None else How.ROUNDED


def _private(role: str, scene: Scene) -> How:
    told = scene.sight(role).sees_private or not scene.private
    return How.WHOLE if told else How.NULL


def _board(role: str, scene: Scene) -> How:
    return How.WHOLE if scene.sight(role).board_until is None else How.EARLIER


def _moves(role: str, scene: Scene) -> How:
    return How.WHOLE if scene.sight(role).sees_board_of(LATE) else How.NULL


def _traceback(role: str, _: Scene) -> How:
    viewer = Viewer(is_operator=role == "operator")
    return How.WHOLE if sees_tracebacks(viewer) else How.NULL


def _own_terms(role: str, _: Scene) -> How:
    return How.OWN if who_is(role, "captain's") is Who.TEAM else How.NULL


EXTENSION = f"GET {PHASE}/extensions"
_DECIMALS = "teams are told as many decimals as the phase releases"
_SCORES = "(private_)?scores"
FIELD_RULES = (
    FieldRule(
        f"GET {SUBMISSION}",
        r"private_scores",
        "`private_scores`",
        "private samples decide at the reveal; before it, only roles know what they say",
        _private,
    ),
    FieldRule(
        f"GET {SUBMISSION}",
        rf"{_SCORES}\.tasks",
        "`scores.tasks`",
        "the phase's `team_sees`",
        _if("sees_tasks", How.NULL),
    ),
    FieldRule(
        f"GET {SUBMISSION}",
        rf"{_SCORES}\.tasks\[\]\.split_scores",
        "`scores.tasks[].split_scores`",
        "splits could be read off them, and labels off splits",
        _if("sees_splits", How.NULL),
    ),
    FieldRule(
        f"GET {SUBMISSION}",
        rf"{_SCORES}\.(mean_score|mean_q|tasks\[\]\.(mean|std|standard_error|q))",
        "every figure in `scores` and `private_scores`",
        _DECIMALS,
        _figures,
    ),
    FieldRule(
        f"GET {SUBMISSION}",
        r"evaluations\[\]\.(mean_score|mean_q)",
        "every figure in `evaluations`",
        _DECIMALS,
        _figures,
    ),
    FieldRule(
        f"GET {SUBMISSION}",
        r"receipt\.evaluation\.(splits|probes|label_sets)",
        "`receipt.evaluation`: `splits`, `probes`, `label_sets`",
        "they stand under the tasks' own names",
        _if("sees_real_names", How.ABSENT),
    ),
    FieldRule(
        f"GET {SUBMISSION}",
        r"receipt\.evaluation\.splits\.\w+\.(seed|marks)",
        "`receipt.evaluation.splits.*`: `seed`, `marks`",
        "who is in which part of which split stays hidden",
        _if("sees_splits", How.ABSENT),
    ),
    FieldRule(
        f"GET {SUBMISSION}",
        r"failure\.traceback",
        "`failure.traceback`",
        "it names what our code had in hand: tasks, files, samples",
        _traceback,
    ),
    FieldRule(
        f"GET {SUBMISSION}/analyses",
        r"metrics\.\w+\.\w+\.split_scores",
        "`metrics.*.*.split_scores`",
        "as for scores",
        _if("sees_splits", How.NULL),
    ),
    FieldRule(
        f"GET {SUBMISSION}/analyses",
        r"sample_bootstrap\.tasks\.\w+\.n_units",
        "`sample_bootstrap.tasks.*.n_units`",
        "it counts labels",
        _if("sees_splits", How.NULL),
    ),
    FieldRule(
        f"GET {SUBMISSION}/analyses",
        r"metrics\.\w+\.\w+\.(mean|std)|sample_bootstrap\.(tasks\.\w+|mean_score)\.standard_error",
        "every figure in `metrics` and `sample_bootstrap`",
        _DECIMALS,
        _figures,
    ),
    *(
        FieldRule(
            route,
            ".*",
            "everything: entries, counts, instants, rules, the ETag",
            "a frozen board is as it was at that instant, whatever came in since",
            _board,
        )
        for route in BOARD
    ),
    FieldRule(
        PLACEMENT,
        "",
        "`rank`, `ranks`, `n_others`",
        "as of the board that the asker may see",
        _board,
    ),
    FieldRule(
        f"GET {PHASE}/report.md",
        "participation",
        "the section “Participation”",
        "who takes part, and how often, is told once the phase is over and its board not frozen",
        _if("sees_who_took_part", How.ABSENT),
    ),
    FieldRule(
        f"GET {PHASE}/ranking-changes",
        r"items\[\]\.by",
        "`items[].by`",
        "which organizer it was is for those who run or read the challenge",
        _if("sees_deciders", How.NULL),
    ),
    FieldRule(
        f"GET {PHASE}/ranking-changes",
        r"items\[\]\.moves",
        "`items[].moves`; of a frozen board, of changes since",
        "they would tell ranks that the board does not show",
        _moves,
    ),
    FieldRule(
        EXTENSION,
        "by",
        "`items[].by`",
        "as for changes of the ranking",
        _if("sees_deciders", How.NULL),
    ),
    FieldRule(
        f"GET {PHASE}",
        "own",
        "`own`: what the organizers granted the asker's team alone",
        "another team's exceptions are no business of others; roles have no team here",
        _own_terms,
    ),
)


@dataclass(frozen=True)
class ListRule:
    """A list of which not everybody gets every item; fields of each are told as those of `item`."""

    route: str
    items: str
    item: str
    told: Callable[[str, Scene], frozenset[str]]
    groups: tuple[tuple[str, str], ...]


# Whose each submission or extension is that some phase has.
WHOSE = {
    "baseline": "nobody's",
    "own": "captain's",
    "kept back": "captain's",
    "broken": "captain's",
    "rival's": "rival's",
    "late": "rival's",
    "for all": "nobody's",
}


def _submissions(role: str, scene: Scene) -> frozenset[str]:
    return frozenset(
        one for one, of in WHOSE.items() if scene.asking_for(of).sight(role).sees_submission
    )


def _extensions(role: str, scene: Scene) -> frozenset[str]:
    own = {"own"} if scene.asking_for("captain's").sight(role).sees_exceptions else set()
    return frozenset({"for all"} | own)


_TEAMS = ", ".join(role for role in ROLES if role in OWN)
_WITH_ROLES = ", ".join(role for role in ROLES if role in SEES_ALL)
LIST_RULES = (
    ListRule(
        f"GET {PHASE}/submissions",
        "submissions",
        f"GET {SUBMISSION}",
        _submissions,
        (
            ("the asker's team's", _TEAMS),
            ("everybody's, baselines too", _WITH_ROLES),
        ),
    ),
    ListRule(
        f"GET {PHASE}/extensions",
        "extensions",
        EXTENSION,
        _extensions,
        (
            ("those for all", "anybody, stranger, rival, member, captain, and all roles"),
            ("those for one team", f"its members, {_WITH_ROLES}"),
        ),
    ),
)
