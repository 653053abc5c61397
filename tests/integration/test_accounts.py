"""Registering, logging in, and what tokens may."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest

from app import operate
from app.accounts.service import issue_token
from app.clock import utc_now
from app.models import Scope, Token, User
from app.policy import Viewer
from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import PASSWORD, Person
from tests.serving import RunningServer
from worker.parts import Parts


@pytest.fixture(scope="module")
def somebody(server: RunningServer):
    with Api(server.url) as api:
        yield builders.person(api)


def token_with(person: Person, *scopes: str) -> Api:
    made = person.api.ok("POST", "/tokens", json={"name": "one", "scopes": list(scopes)})
    return person.api.as_(made["token"])


def test_an_address_is_registered_once_whatever_its_case(api: Api, somebody: Person) -> None:
    account = {"email": somebody.email.upper(), "name": "Another", "password": PASSWORD}
    answer = api.post("/accounts", json=account)
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/problems/email-taken")
    login = {"email": somebody.email.title(), "password": PASSWORD}
    assert api.post("/sessions", json=login).status_code == 201


def test_two_who_register_one_address_at_once_are_one_account(api: Api) -> None:
    email = f"{builders.unique('Twin')}@example.org"
    account = {"email": email, "name": "Twin", "password": PASSWORD}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: api.post("/accounts", json=account), range(6)))
    assert sorted(one.status_code for one in answers) == [201] + [409] * 5


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "nobody"}, "/body/email"),
        ({"name": " "}, "/body/name"),
        ({"name": "Ada\nLovelace"}, "/body/name"),
        ({"name": "Ada\u202ecalevoL"}, "/body/name"),
        ({"name": "Ada\x00"}, "/body/name"),
        ({"password": "too short"}, "/body/password"),
        ({"password": "x" * 201}, "/body/password"),
        ({"password": "correct horse\x00battery", "name": "\x00"}, "/body/name"),
        ({"is_operator": True}, "/body/is_operator"),
        ({"may_organize": True}, "/body/may_organize"),
    ],
)
def test_a_wrong_registration_says_where(api: Api, change: dict, pointer: str) -> None:
    account = {"email": "ada@example.org", "name": "Ada", "password": PASSWORD} | change
    answer = api.post("/accounts", json=account)
    assert answer.status_code == 422
    assert pointer in [place["pointer"] for place in answer.json()["errors"]]
    assert "too short" not in answer.text


def test_a_wrong_password_and_an_unknown_address_look_the_same(api: Api, somebody: Person) -> None:
    told = []
    for email in (somebody.email, f"{builders.unique('nobody')}@example.org"):
        answer = api.post("/sessions", json={"email": email, "password": "a wrong password"})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        told.append({**answer.json(), "instance": None})
    assert told[0] == told[1]
    assert told[0]["type"].endswith("/problems/wrong-password")


def test_guesses_are_limited_even_when_they_come_at_once(api: Api, settings: Settings) -> None:
    victim = builders.person(api)
    guess = {"email": victim.email, "password": "a wrong password"}
    limit = settings.login_failures_per_hour
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.post("/sessions", json=guess), range(limit + 8)))
    refused = [one for one in answers if one.status_code == 429]
    assert len(refused) == 8
    problem = refused[0].json()
    assert problem["type"].endswith("/problems/too-many-logins")
    assert (problem["limit"], problem["used"], problem["window"]) == (limit, limit, "1 h")
    assert 0 < int(refused[0].headers["retry-after"]) <= 3600
    right = {"email": victim.email.upper(), "password": PASSWORD}
    assert api.post("/sessions", json=right).status_code == 429
    assert victim.api.get("/accounts/me").status_code == 200


def test_log_ins_that_succeed_are_not_counted(api: Api, settings: Settings) -> None:
    person = builders.person(api)
    login = {"email": person.email, "password": PASSWORD}
    for _ in range(settings.login_failures_per_hour + 1):
        assert api.post("/sessions", json=login).status_code == 201


def test_a_token_s_secret_is_shown_once_and_kept_as_a_hash(somebody: Person, parts: Parts) -> None:
    answer = somebody.api.post("/tokens", json={"name": "ci", "scopes": ["read"]})
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert made["token"].startswith("pb_")
    listed = somebody.api.get("/tokens")
    assert made["id"] in listed.text
    assert made["token"] not in listed.text
    with parts.sessions() as session:
        row = session.get_one(Token, UUID(made["id"]))
        user = session.get_one(User, UUID(somebody.id))
        kept = f"{vars(row)} {vars(user)}"
    assert made["token"] not in kept
    assert made["token"].removeprefix("pb_") not in kept
    assert PASSWORD not in kept
    assert user.password_hash.startswith("$argon2id$")


def test_a_token_makes_no_token_with_more_scopes(somebody: Person) -> None:
    reading = token_with(somebody, "read")
    for scopes in (["submit"], ["read", "organize"]):
        answer = reading.post("/tokens", json={"name": "more", "scopes": scopes})
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("/problems/scope-missing")
    assert reading.post("/tokens", json={"name": "same", "scopes": ["read"]}).status_code == 201
    submitting = token_with(somebody, "submit")
    assert submitting.post("/tokens", json={"name": "x", "scopes": ["submit"]}).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [{"scopes": []}, {"scopes": ["all"]}, {"expires_in_days": 0}, {"expires_in_days": 366},
     {"expires_in_days": 10**40}, {"name": ""}, {"name": "x" * 101}],
)  # fmt: skip
def test_a_wrong_token_is_refused(somebody: Person, wrong: dict) -> None:
    body = {"name": "one", "scopes": ["read"]} | wrong
    assert somebody.api.post("/tokens", json=body).status_code == 422


def test_a_token_lives_as_long_as_it_was_asked_to(somebody: Person) -> None:
    body = {"name": "long", "scopes": ["read"], "expires_in_days": 365}
    made = somebody.api.ok("POST", "/tokens", json=body)
    assert made["expires_at"] > (utc_now() + timedelta(days=364)).isoformat()


def test_a_revoked_token_is_refused_from_then_on(somebody: Person) -> None:
    made = somebody.api.ok("POST", "/tokens", json={"name": "old", "scopes": ["read"]})
    mine = somebody.api.as_(made["token"])
    assert mine.get("/accounts/me").status_code == 200
    assert mine.delete(f"/tokens/{made['id']}").status_code == 204
    assert mine.get("/accounts/me").status_code == 401
    assert mine.get("/challenges").status_code == 401
    assert somebody.api.delete(f"/tokens/{made['id']}").status_code == 404
    assert made["id"] not in somebody.api.get("/tokens").text


def test_an_expired_token_is_refused_and_not_listed(somebody: Person, parts: Parts) -> None:
    with parts.sessions() as session:
        token, secret = issue_token(
            session,
            Viewer(user_id=UUID(somebody.id)),
            name="expired",
            scopes=[Scope.READ],
            now=utc_now() - timedelta(days=2),
            lifetime=timedelta(days=1),
        )
        session.commit()
    answer = somebody.api.as_(secret).get("/accounts/me")
    assert answer.status_code == 401
    assert "unknown, expired or revoked" in answer.json()["detail"]
    assert str(token.id) not in somebody.api.get("/tokens").text


def test_tokens_are_listed_in_pages_newest_first(api: Api) -> None:
    person = builders.person(api)
    made = [
        person.api.ok("POST", "/tokens", json={"name": f"{n}", "scopes": ["read"]})["id"]
        for n in range(4)
    ]
    first = person.api.ok("GET", "/tokens?limit=2")
    second = person.api.ok("GET", f"/tokens?limit=2&cursor={first['next_cursor']}")
    third = person.api.ok("GET", f"/tokens?limit=2&cursor={second['next_cursor']}")
    ids = [one["id"] for page in (first, second, third) for one in page["items"]]
    assert ids[:4] == made[::-1]
    assert len(ids) == 5
    assert third["next_cursor"] is None
    for query in ("limit=0", "limit=201", "limit=x", "cursor=nonsense"):
        assert person.api.get(f"/tokens?{query}").status_code == 422


def test_the_operator_gives_rights_from_the_shell(
    api: Api, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    person = builders.person(api)
    for name in ("database_url", "redis_url", "blob_root"):
        monkeypatch.setenv(name.upper(), str(getattr(settings, name)))
    assert person.api.ok("GET", "/accounts/me")["may_organize"] is False
    assert operate.main(["allow-organizer", person.email.upper()]) == 0
    assert operate.main(["make-operator", person.email]) == 0
    assert "may organize" in capsys.readouterr().out
    me = person.api.ok("GET", "/accounts/me")
    assert (me["may_organize"], me["is_operator"]) == (True, True)
    assert operate.main(["make-operator", "nobody@example.org"]) == 1
    assert "Nobody has registered" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        operate.main(["make-king", person.email])
