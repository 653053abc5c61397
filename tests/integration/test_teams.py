"""Teams: who is in them, who may invite, and that nobody is in two of one challenge."""

import pytest
from sqlalchemy import select

from app.models import Participation, ParticipationMember, TeamMember
from tests import builders
from tests.api import Api
from tests.builders import Person
from tests.serving import RunningServer
from tests.teamwork import at_once, code_of, enter, join, team_of
from worker.parts import Parts


@pytest.fixture(scope="module")
def people(server: RunningServer):
    """Three people; what they are in is for each test to make anew."""
    with Api(server.url) as api:
        yield [builders.person(api) for _ in range(3)]


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts):
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


def test_whoever_has_the_code_is_a_member(people: list[Person]) -> None:
    captain, mate, stranger = people
    team = team_of(captain)
    joined = join(mate, {"invitation_code": f" {team['invitation_code']} "}).json()
    assert [(one["user_id"], one["is_captain"]) for one in joined["members"]] == [
        (captain.id, True),
        (mate.id, False),
    ]
    assert "invitation_code" not in joined
    assert mate.api.ok("GET", f"/teams/{team['id']}") == joined
    assert team["id"] in mate.api.get("/teams").text
    assert stranger.api.get(f"/teams/{team['id']}").status_code == 404
    assert code_of(join(mate, team)) == "already-in-team"
    assert code_of(join(stranger, {"invitation_code": "guessed"})) == "not-found"
    assert code_of(join(stranger, {"invitation_code": "gue\x00sed"})) == "invalid-input"


def test_the_captain_alone_renews_the_code_and_the_old_one_stops(people: list[Person]) -> None:
    captain, mate, stranger = people
    team = team_of(captain)
    join(mate, team)
    path = f"/teams/{team['id']}/invitation"
    assert mate.api.post(path).status_code == 403
    assert stranger.api.post(path).status_code == 404
    renewed = captain.api.ok("POST", path)
    assert renewed["invitation_code"] != team["invitation_code"]
    assert join(stranger, team).status_code == 404
    assert join(stranger, renewed).status_code == 200


def test_a_name_is_taken_once_whatever_its_case(people: list[Person]) -> None:
    name = builders.unique("Größe")
    team = team_of(people[0], name)
    assert team["slug"] == name.lower().replace("ö", "o").replace("ß", "")
    answer = people[1].api.post("/teams", json={"name": name.upper().replace("SS", "ß")})
    assert code_of(answer) == "name-taken"
    for wrong in ("x", "x" * 61, "a\nb", "a\x00b", "   "):
        assert people[1].api.post("/teams", json={"name": wrong}).status_code == 422


def test_names_that_differ_in_signs_get_slugs_of_their_own_even_at_once(
    people: list[Person],
) -> None:
    stem = builders.unique("sign")
    names = [f"{stem}{sign}x" for sign in " .!?+_"]
    made = at_once(*[lambda name=name: team_of(people[0], name) for name in names])
    slugs = {team["slug"] for team in made}
    assert slugs == {f"{stem}-x", *(f"{stem}-x-{number}" for number in range(2, 7))}
    assert team_of(people[0], f"🦆{builders.unique('')[0]}{'🦆' * (hash(stem) % 50 + 3)}")["slug"]


def test_teams_are_listed_in_pages(api: Api) -> None:
    person = builders.person(api)
    made = [team_of(person)["id"] for _ in range(3)]
    first = person.api.ok("GET", "/teams?limit=2")
    second = person.api.ok("GET", f"/teams?limit=2&cursor={first['next_cursor']}")
    assert [one["id"] for one in first["items"] + second["items"]] == made[::-1]


def test_a_member_takes_part_in_what_the_team_takes_part_in(
    people: list[Person], host: Person
) -> None:
    captain, mate, stranger = people
    challenge = builders.challenge(host)
    team = team_of(captain)
    mine = f"/challenges/{challenge['slug']}/participations/mine"
    assert captain.api.get(mine).status_code == 404
    entered = enter(captain, team, challenge)
    assert entered.status_code == 201
    assert enter(captain, team, challenge, changes=False).json() == entered.json()
    join(mate, team)
    assert mate.api.ok("GET", mine) == entered.json()
    assert stranger.api.get(mine).status_code == 404
    assert enter(mate, team, challenge).status_code == 403
    assert enter(stranger, team, challenge).status_code == 404


def test_a_person_is_in_one_team_per_challenge(people: list[Person], host: Person) -> None:
    captain, mate, rival = people
    challenge = builders.challenge(host)
    mine, other = team_of(captain), team_of(rival)
    enter(captain, mine, challenge)
    enter(rival, other, challenge)
    assert code_of(join(rival, mine)) == "already-in-challenge"
    assert rival.id not in captain.api.get(f"/teams/{mine['id']}").text
    both = team_of(mate)
    join(captain, both)
    assert code_of(enter(mate, both, challenge)) == "already-in-challenge"
    assert mate.api.get(f"/challenges/{challenge['slug']}/participations/mine").status_code == 404


@pytest.mark.parametrize("attempt", range(3))
def test_joining_and_entering_at_once_ends_with_every_member_in(
    people: list[Person], host: Person, parts: Parts, attempt: int
) -> None:
    captain, *others = people
    challenge = builders.challenge(host)
    team = team_of(captain)
    answers = at_once(
        lambda: enter(captain, team, challenge),
        *[lambda one=one: join(one, team) for one in others],
    )
    assert [one.status_code for one in answers] == [201, 200, 200]
    with parts.sessions() as session:
        members = session.scalars(
            select(TeamMember.user_id).where(TeamMember.team_id == team["id"])
        ).all()
        taking_part = session.scalars(
            select(ParticipationMember.user_id)
            .join(Participation, Participation.id == ParticipationMember.participation_id)
            .where(Participation.team_id == team["id"])
        ).all()
    assert set(members) == set(taking_part)
    assert len(taking_part) == 3


@pytest.mark.parametrize("attempt", range(3))
def test_one_person_in_two_teams_that_enter_at_once_ends_in_one_of_them(
    people: list[Person], host: Person, attempt: int
) -> None:
    first, second, both = people
    challenge = builders.challenge(host)
    teams = team_of(first), team_of(second)
    for team in teams:
        join(both, team)
    answers = at_once(
        lambda: enter(first, teams[0], challenge), lambda: enter(second, teams[1], challenge)
    )
    assert sorted(one.status_code for one in answers) == [201, 409]
    assert "already-in-challenge" in {code_of(one) for one in answers if one.status_code == 409}
    mine = both.api.ok("GET", f"/challenges/{challenge['slug']}/participations/mine")
    assert mine["team_id"] == teams[answers[0].status_code != 201]["id"]


def test_joining_two_teams_of_the_same_challenges_at_once_ends_in_one(
    people: list[Person], host: Person
) -> None:
    first, second, both = people
    challenges = [builders.challenge(host) for _ in range(2)]
    teams = team_of(first), team_of(second)
    for challenge in challenges:
        enter(first, teams[0], challenge)
    for challenge in reversed(challenges):
        enter(second, teams[1], challenge)
    answers = at_once(lambda: join(both, teams[0]), lambda: join(both, teams[1]))
    assert sorted(one.status_code for one in answers) == [200, 409]
