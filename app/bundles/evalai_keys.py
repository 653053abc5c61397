"""The keys of EvalAI's configuration that have no counterpart, and why.

In a pattern a star is an item of a list.
"""

_EMBEDDINGS = "embeddings are handed in, not programs"
_DOMAINS = "a challenge names the domains it allows, not those it blocks"
_ASKED = "only name, description, project and paper are asked"
_PHASE, _SPLIT = "challenge_phases.*.", "challenge_phase_splits.*."
_REASONS = {
    "image": "a challenge has no logo here",
    "tags": "a challenge has no tags here",
    "evaluation_script": "submissions are scored by probes against labels, not by a script",
    "remote_evaluation": "workers of this server score; add workers for more",
    "is_docker_based": _EMBEDDINGS,
    "is_static_dataset_code_upload": _EMBEDDINGS,
    "published": "a new challenge is not published: POST /api/v1/challenges/{slug}/publication",
    "blocked_emails_domains": _DOMAINS,
    "blocked_email_domains": _DOMAINS,
    "start_date": "each phase says its own: a challenge has no dates here",
    "end_date": "each phase says its own: a challenge has no dates here",
    _PHASE + "challenge": "a phase belongs to the challenge it is written in",
    _PHASE + "is_active": "a phase opens and closes by its clock",
    _PHASE + "is_public": "the phases of a published challenge are all shown",
    _PHASE + "is_submission_public": "each team says of each submission whether it is public",
    _PHASE + "test_annotation_file": "make the label files of this phase's tasks from it",
    _PHASE + "max_submissions_per_month": "quotas are per 24 hours and in all",
    _PHASE + "is_partial_submission_evaluation_enabled":
        "a submission holds all samples of the phase",
    _PHASE + "allowed_submission_file_types":
        "formats are told by content: CSV, Parquet, NPZ, NPY, …",
    _PHASE + "default_submission_meta_attributes":
        "name, description, project and paper are always asked",
    _PHASE + "submission_meta_attributes": _ASKED,
    _PHASE + "allowed_email_ids": "a phase is open to all teams of the challenge",
    _PHASE + "disable_logs": "there are no logs of submissions",
    _SPLIT + "show_execution_time": "boards tell no times of execution",
}  # fmt: skip
# The line of the list says it of its items; a key that EvalAI does not know has one of its own.
TOLD_ABOVE = frozenset(
    [f"{_PHASE}default_submission_meta_attributes.*.{key}" for key in ("name", "is_visible")]
    + [f"{_PHASE}submission_meta_attributes.*.{key}"
       for key in ("name", "description", "type", "options", "required")]
    + [f"dataset_splits.*.{key}" for key in ("id", "name", "codename")]
)  # fmt: skip


def reason_of(pattern: str) -> str:
    """Say why a key has no counterpart."""
    return _REASONS.get(pattern, "not mapped: there is nothing like it here")
