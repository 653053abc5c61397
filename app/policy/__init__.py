"""Who may see and do what: the one policy. What is not allowed here is denied.

`rows` says who sees which rows, as conditions inside the query; `sight` what they see of a phase by
its dates and switches, as a pure function; `reveal` which samples decide; `looking` asks who
somebody is. What may not be seen does not exist: the answer is 404, not 403.
"""

from app.policy.looking import look, who_is
from app.policy.reveal import announced_reveal_of, is_revealed, part_shown, reveal_of
from app.policy.rows import (
    holds_any_role,
    holds_role,
    member_of,
    organizes_challenge,
    owns_submission,
    sees_challenge,
    sees_disqualified_submission,
    sees_disqualified_team,
    sees_extension,
    sees_inside,
    sees_participation,
    sees_rescoring,
    sees_submission,
    takes_part_as,
)
from app.policy.sight import Sight, Who, board_is_public, board_shows, masks_names, sight_of
from app.policy.viewer import (
    ANYBODY,
    Viewer,
    require_may_create_challenges,
    require_scope,
    sees_disk,
    sees_tracebacks,
)

__all__ = [
    "ANYBODY",
    "Sight",
    "Viewer",
    "Who",
    "announced_reveal_of",
    "board_is_public",
    "board_shows",
    "holds_any_role",
    "holds_role",
    "is_revealed",
    "look",
    "masks_names",
    "member_of",
    "organizes_challenge",
    "owns_submission",
    "part_shown",
    "require_may_create_challenges",
    "require_scope",
    "reveal_of",
    "sees_challenge",
    "sees_disk",
    "sees_disqualified_submission",
    "sees_disqualified_team",
    "sees_extension",
    "sees_inside",
    "sees_participation",
    "sees_rescoring",
    "sees_submission",
    "sees_tracebacks",
    "sight_of",
    "takes_part_as",
    "who_is",
]
