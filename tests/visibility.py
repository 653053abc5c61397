"""`python -m tests.visibility`: write `docs/visibility.md` from the policy and the access table."""

import re
import sys
from collections.abc import Iterable, Sequence

from tests.access_table import TABLE
from tests.visibility_fields import FIELD_RULES, LIST_RULES, FieldRule, ListRule
from tests.visibility_scenes import ROLES, SCENES, How, Scene
from tests.visibility_statuses import IN_TABLE, STATUS_RULES, StatusRule, status_of

PREFIX = "/api/v1"
NO_ANSWER = "·"
COLUMNS = {"rival": "other team"}
INTRODUCTION = """\
# Who sees what

Written by `make visibility`: change what it is written from, not this. What hangs on a phase, its
dates and its settings is what the policy answers (`sight_of` in `app/policy/sight.py`), asked for
each role in a phase of each kind; `tests/visibility_statuses.py` and `tests/visibility_fields.py`
say on which answer each status and field hangs. What hangs on the role alone is
`tests/access_table.py`. A test writes it anew and compares, and holds every cell of it against the
running server. What no table here names is the same for all who get the answer.

- **anybody** sends no token; a **stranger** has an account and no team here.
- **other team**, **member**, **captain**: in teams that take part; the last two in the owner's.
- **organizer**, **reader**: roles in the challenge; a reader sees everything and changes nothing.
- The **operator** runs the server, and is held by nothing.

What may not be seen does not exist: the answer is 404, with the words of what was never there. A
token is asked for where anybody gets 401; one that lacks the scope gets 403 everywhere.
"""
PROMISES = """\
## What is told beside the answers

| What | Who learns what |
|---|---|
| Labels | nobody, by no address |
| Errors | of a hidden board all addresses say the same, and the same to everybody without a role |
| `ETag` | equal for equal answers; that of a hidden board, or of what came since a freeze, is \
confirmed to nobody else by a 304 |
| Counts and instants | those of a frozen board are of then: entries, submissions of each, its \
history, `ranked_at` |
| Pictures, CSV, Markdown, results | exactly as the board they are of; of a hidden one drawn for \
its roles only |
| A submission that is not `public` | its team and the challenge's roles; on no board, in no list \
of others |
| Masked task names | in no answer to anybody without a role, receipts and analyses included |
| `/metrics` | where METRICS_TOKEN is set, who sends it, and all others get 401; elsewhere \
anybody, as the table says: figures of the whole server, by status and route; no challenge, team \
or submission is named |
| Workers, and the queue of the whole server | as counts, the roles of any challenge, in its \
overview; what the disk holds, the operator |
| The audit log | the challenge's roles: what concerns it, and nobody's e-mail; the rest is the \
operator's command |
"""


def written() -> str:
    """Return the document."""
    return "\n".join(
        [
            INTRODUCTION,
            *_addresses(),
            *_by_phase(),
            *_fields(),
            PROMISES,
        ]
    )


def _addresses() -> Iterable[str]:
    yield "## Addresses\n"
    yield (
        "The status each role gets. Where two are told, the second is for a challenge that is not "
        "published. 4xx that no right decides, such as 409, is told where the test's request ends "
        "so: the role was let in.\n"
    )
    yield _line(["", *_headings(), "token"])
    yield _rule(len(ROLES) + 2)
    for route, row in TABLE.items():
        states = ["published", "unpublished"] if "{" in route else ["published"]
        cells = []
        for role in ROLES:
            told = [str(row.expected(IN_TABLE.get(role, role), state)) for state in states]
            cells.append(told[0] if len(set(told)) == 1 else " / ".join(told))
        yield _line([_code(route), *cells, row.scope or "none"])
    yield ""


def _by_phase() -> Iterable[str]:
    yield "## What a phase changes of it\n"
    yield (
        "By its state, upcoming, open or closed, and by its settings. The first line that holds "
        "decides.\n"
    )
    yield _line(["Where", "When", "Who", "Status", "Why"])
    yield _rule(5)
    for rule in STATUS_RULES:
        yield _line(_told(rule))
    yield ""


def _told(rule: StatusRule) -> list[str]:
    routes = "<br>".join(_code(route) for route in rule.routes)
    who = ", ".join(COLUMNS.get(role, role) for role in ROLES if role in rule.roles)
    return [routes, rule.when, who, str(rule.status), rule.why]


def _fields() -> Iterable[str]:
    yield "## Fields\n"
    yield (
        f"{How.WHOLE} as it is · {How.ROUNDED} to the decimals the phase releases · {How.NULL}: "
        f"there, and null · {How.ABSENT} left out · {How.EARLIER}: as when the board froze · "
        f"{How.OWN}: of the asker's own team · {NO_ANSWER} no answer, by the tables above.\n"
    )
    yield _line(["Field", "Phase", *_headings(), "Why"])
    yield _rule(len(ROLES) + 3)
    for rules in _alike():
        yield from _field(rules)
    yield ""
    yield "### Lists\n"
    yield _line(["List", "Items", "Whom they are told"])
    yield _rule(3)
    for rule in LIST_RULES:
        yield from _list(rule)
    yield ""


def _alike() -> Iterable[list[FieldRule]]:
    """Group rules that are the same for several addresses."""
    found: dict[tuple[str, str, str], list[FieldRule]] = {}
    for rule in FIELD_RULES:
        key = (rule.name, rule.why, rule.path)
        found.setdefault(key if rule.path == ".*" else (rule.route, *key[:2]), []).append(rule)
    return found.values()


def _field(rules: Sequence[FieldRule]) -> Iterable[str]:
    rule = rules[0]
    where = "<br>".join(_code(one.route) for one in rules)
    groups: dict[tuple[str, ...], list[Scene]] = {}
    for scene in SCENES:
        groups.setdefault(tuple(_cell(rule, role, scene) for role in ROLES), []).append(scene)
    largest = max(groups, key=lambda key: len(groups[key]))
    for hows, scenes in groups.items():
        titles = "; ".join(scene.title for scene in scenes)
        phase = "any" if len(groups) == 1 else "any other" if hows == largest else titles
        yield _line([f"{rule.name}<br>{where}", phase, *hows, rule.why])


def _cell(rule: FieldRule, role: str, scene: Scene) -> str:
    answered = status_of(rule.route, role, scene) == 200
    return str(rule.how(role, scene)) if answered else NO_ANSWER


def _list(rule: ListRule) -> Iterable[str]:
    for items, whom in rule.groups:
        told = re.sub(r"\brival\b", COLUMNS["rival"], whom)
        yield _line([_code(rule.route), items, told])


def _headings() -> list[str]:
    return [COLUMNS.get(role, role) for role in ROLES]


def _code(route: str) -> str:
    return f"`{route.replace(PREFIX, '')}`"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(n_columns: int) -> str:
    return f"|{'---|' * n_columns}"


if __name__ == "__main__":
    sys.stdout.write(written())
