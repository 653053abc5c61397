"""The schema of `challenge.yaml` over HTTP: public, and sent once."""

from pathlib import Path

from tests.api import Api

COMMITTED = Path(__file__).parents[2] / "docs" / "challenge.schema.json"


def test_anybody_may_read_the_schema_and_keep_it(api: Api) -> None:
    answer = api.get("/challenge.schema.json")
    assert answer.content == COMMITTED.read_bytes()
    assert answer.headers["content-type"] == "application/schema+json"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    tags = f'"other", W/{answer.headers["etag"]}'
    again = api.get("/challenge.schema.json", headers={"If-None-Match": tags})
    assert (again.status_code, again.content) == (304, b"")
    other = api.get("/challenge.schema.json", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200
