"""Where blobs go, as the settings say it."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.settings import Settings


def made(**more: Any) -> Settings:
    return Settings(
        _env_file=None,
        database_url="postgresql://nobody@localhost/nothing",
        redis_url="redis://localhost:1/0",
        blob_root=Path("blobs"),
        **more,
    )


@pytest.mark.parametrize("prefix", ["a/b", "/a/b", "a/b/", "//a/b//"])
def test_a_prefix_ends_with_one_slash_and_begins_with_none(prefix: str) -> None:
    assert made(blob_bucket="ours", blob_prefix=prefix).blob_prefix == "a/b/"


@pytest.mark.parametrize("prefix", ["", "/"])
def test_no_prefix_is_none(prefix: str) -> None:
    assert made(blob_prefix=prefix).blob_prefix == ""


@pytest.mark.parametrize("alone", [{"blob_endpoint_url": "https://s3"}, {"blob_prefix": "ours"}])
def test_a_place_in_a_bucket_without_a_bucket_is_refused(alone: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="blob_bucket is needed"):
        made(**alone)


@pytest.mark.parametrize("url", ["s3.example.org", "ftp://s3.example.org", "https://"])
def test_an_endpoint_is_an_address_of_the_web(url: str) -> None:
    with pytest.raises(ValidationError, match="blob_endpoint_url"):
        made(blob_bucket="ours", blob_endpoint_url=url)
