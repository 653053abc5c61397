"""Who is told which fields: what no rule here names is the same for all who get the answer."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.visibility_scenes import SEES_ALL, TEAM, How, Scene
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


def _for_roles(otherwise: How) -> Callable[[str, Scene], How]:
    return lambda role, _: How.WHOLE if role in SEES_ALL else otherwise


def _for_the_operator(role: str, _: Scene) -> How:
    return How.WHOLE if role == "operator" else How.NULL


def _tasks_of_team(role: str, scene: Scene) -> How:
    return How.WHOLE if role in SEES_ALL or not scene.aggregate else How.NULL


def _private(role: str, scene: Scene) -> How:
    told = role in SEES_ALL or scene.revealed or not scene.private
    return How.WHOLE if told else How.NULL


def _by_masked_name(role: str, scene: Scene) -> How:
    return How.WHOLE if role in SEES_ALL or not scene.aggregate else How.ABSENT


def _board(role: str, scene: Scene) -> How:
    return How.EARLIER if scene.board == "frozen" and role not in SEES_ALL else How.WHOLE


def _moves(role: str, scene: Scene) -> How:
    return How.WHOLE if scene.board == "visible" or role in SEES_ALL else How.NULL


def _once_closed(role: str, scene: Scene) -> How:
    is_over = scene.state == "closed" and scene.board != "frozen"
    return How.WHOLE if role in SEES_ALL or is_over else How.ABSENT


def _own_terms(role: str, scene: Scene) -> How:
    return How.OWN if role in TEAM else How.NULL


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
        _tasks_of_team,
    ),
    FieldRule(
        f"GET {SUBMISSION}",
        rf"{_SCORES}\.tasks\[\]\.split_scores",
        "`scores.tasks[].split_scores`",
        "splits could be read off them, and labels off splits",
        _for_roles(How.NULL),
    ),
    FieldRule(
        f"GET {SUBMISSION}",
        rf"{_SCORES}\.(mean_score|mean_q|tasks\[\]\.(mean|std|standard_error|q))",
        "every figure in `scores` and `private_scores`",
        _DECIMALS,
        _for_roles(How.ROUNDED),
    ),
    FieldRule(
        f"GET {SUBMISSION}",
        r"evaluations\[\]\.(mean_score|mean_q)",
        "every figure in `evaluations`",
        _DECIMALS,
        _for_roles(How.ROUNDED),
    ),
    FieldRule(
        f"GET {SUBMISSION}",
        r"receipt\.evaluation\.(splits|probes|label_sets)",
        "`receipt.evaluation`: `splits`, `probes`, `label_sets`",
        "they stand under the tasks' own names",
        _by_masked_name,
    ),
    FieldRule(
        f"GET {SUBMISSION}",
        r"receipt\.evaluation\.splits\.\w+\.(seed|marks)",
        "`receipt.evaluation.splits.*`: `seed`, `marks`",
        "who is in which part of which split stays hidden",
        _for_roles(How.ABSENT),
    ),
    FieldRule(
        f"GET {SUBMISSION}",
        r"failure\.traceback",
        "`failure.traceback`",
        "it names what our code had in hand: tasks, files, samples",
        _for_the_operator,
    ),
    FieldRule(
        f"GET {SUBMISSION}/analyses",
        r"metrics\.\w+\.\w+\.split_scores",
        "`metrics.*.*.split_scores`",
        "as for scores",
        _for_roles(How.NULL),
    ),
    FieldRule(
        f"GET {SUBMISSION}/analyses",
        r"sample_bootstrap\.tasks\.\w+\.n_units",
        "`sample_bootstrap.tasks.*.n_units`",
        "it counts labels",
        _for_roles(How.NULL),
    ),
    FieldRule(
        f"GET {SUBMISSION}/analyses",
        r"metrics\.\w+\.\w+\.(mean|std)|sample_bootstrap\.(tasks\.\w+|mean_score)\.standard_error",
        "every figure in `metrics` and `sample_bootstrap`",
        _DECIMALS,
        _for_roles(How.ROUNDED),
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
        _once_closed,
    ),
    FieldRule(
        f"GET {PHASE}/ranking-changes",
        r"items\[\]\.by",
        "`items[].by`",
        "which organizer it was is for those who run or read the challenge",
        _for_roles(How.NULL),
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
        _for_roles(How.NULL),
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


def _submissions(role: str, scene: Scene) -> frozenset[str]:
    everything = {"baseline"}
    own, rivals = {"own", "kept back", "broken"}, {"rival's"}
    if scene.board == "frozen":
        rivals = rivals | {"late"}
    if role in SEES_ALL:
        return frozenset(everything | (own | rivals if scene.state != "upcoming" else set()))
    if scene.state == "upcoming":
        return frozenset()
    return frozenset(own if role in TEAM else rivals if role == "rival" else set())


def _extensions(role: str, scene: Scene) -> frozenset[str]:
    return frozenset({"for all", "own"} if role in SEES_ALL | TEAM else {"for all"})


LIST_RULES = (
    ListRule(
        f"GET {PHASE}/submissions",
        "submissions",
        f"GET {SUBMISSION}",
        _submissions,
        (
            ("the asker's team's", "rival, member, captain"),
            ("everybody's, baselines too", "organizer, reader, operator"),
        ),
    ),
    ListRule(
        f"GET {PHASE}/extensions",
        "extensions",
        EXTENSION,
        _extensions,
        (
            ("those for all", "anybody, stranger, rival, member, captain, and all roles"),
            ("those for one team", "its members, organizer, reader, operator"),
        ),
    ),
)
