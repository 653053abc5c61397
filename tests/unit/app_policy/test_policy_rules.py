"""The rules that need no database: who is nobody, which scope is missing, who may create."""

import dataclasses

import pytest
from sqlalchemy import false, true

from app import policy
from app.errors import Forbidden, ScopeMissing, Unauthenticated
from app.models import Role, Scope, TeamMember, new_id
from app.policy import ANYBODY, Viewer

SOMEBODY = Viewer(user_id=new_id(), scopes=frozenset({Scope.READ}))


def test_nobody_has_no_rights_at_all() -> None:
    assert policy.owns_submission(ANYBODY).compare(false())
    assert policy.holds_role(ANYBODY, *Role).compare(false())
    assert policy.holds_any_role(ANYBODY).compare(false())
    assert policy.organizes_challenge(ANYBODY).compare(false())
    assert policy.member_of(ANYBODY, TeamMember.team_id.expression).compare(false())
    with pytest.raises(Unauthenticated):
        _ = ANYBODY.me


def test_nobody_stays_nobody_even_with_rights_written_on() -> None:
    forged = Viewer(is_operator=True, may_organize=True, scopes=frozenset(Scope))
    assert policy.holds_role(forged, Role.ORGANIZER).compare(false())
    for scope in Scope:
        with pytest.raises(Unauthenticated):
            policy.require_scope(forged, scope)


def test_the_operator_has_every_role() -> None:
    operator = dataclasses.replace(SOMEBODY, is_operator=True)
    assert policy.holds_role(operator, Role.ORGANIZER).compare(true())
    policy.require_may_create_challenges(operator)


def test_a_scope_is_had_or_missing() -> None:
    policy.require_scope(SOMEBODY, Scope.READ)
    with pytest.raises(ScopeMissing, match="organize"):
        policy.require_scope(SOMEBODY, Scope.ORGANIZE)


def test_only_those_the_operator_allowed_create_challenges() -> None:
    with pytest.raises(Forbidden):
        policy.require_may_create_challenges(SOMEBODY)
    policy.require_may_create_challenges(dataclasses.replace(SOMEBODY, may_organize=True))


def test_readers_do_not_organize() -> None:
    condition = policy.organizes_challenge(SOMEBODY).compile()
    assert [Role.ORGANIZER] in condition.params.values()
    assert [Role.READER] not in condition.params.values()
