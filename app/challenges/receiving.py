"""A bundle on its way in: one form, as a zip or file by file."""

from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from app.blobs import BlobStore
from app.challenges.archive import (
    MAX_FILES,
    read_zip,
    require_inside,
    twice,
    without_top_folder,
)
from app.challenges.bundle import Bundle
from app.challenges.withheld import Source, read_bundle_with
from app.errors import BadRequest
from app.http.multipart import ReceivedForm, receive_form
from app.settings import Settings

BUNDLE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The bundle: either one zip in the field `bundle`, or its files as parts "
        "named `files`, each with its path in the bundle as file name.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "bundle": {
                            "type": "string",
                            "format": "binary",
                            "description": "A zip with `challenge.yaml` in it.",
                        },
                        "files": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "description": "The files one by one.",
                        },
                    },
                },
                "encoding": {
                    "bundle": {"contentType": "application/zip"},
                    "files": {"contentType": "application/octet-stream"},
                },
                "examples": {
                    "zip": {
                        "summary": "curl -F bundle=@challenge.zip",
                        "value": {"bundle": "(the bytes of challenge.zip)"},
                    },
                    "files": {
                        "summary": "curl -F 'files=@challenge.yaml' "
                        "-F 'files=@labels/height.csv;filename=labels/height.csv' …",
                        "value": {"files": ["(challenge.yaml)", "(labels/height.csv)"]},
                    },
                },
            }
        },
    }
}


async def receive_bundle(
    request: Request, blobs: BlobStore, settings: Settings, source: Source
) -> Bundle:
    """Take in the form of a request, and check the bundle in it.

    Raises
    ------
    BadRequest, TooLarge, InvalidBundle
        As `receive_bundle_form`.
    """
    bundle, _ = await receive_bundle_form(request, blobs, settings, source)
    return bundle


async def receive_bundle_form(
    request: Request, blobs: BlobStore, settings: Settings, source: Source
) -> tuple[Bundle, dict[str, str]]:
    """Take in the form of a request; check the bundle in it, and return also its fields.

    Raises
    ------
    BadRequest, TooLarge
        If it is no such form, or holds too much.
    InvalidBundle
        As `read_bundle_with`.
    """
    limit = settings.bundle_limit_bytes
    with blobs.incoming() as folder:
        form = await receive_form(request, folder=folder, limit_bytes=limit, max_files=MAX_FILES)
        return await run_in_threadpool(_read_form, form, limit, source), form.fields


def _read_form(form: ReceivedForm, limit_bytes: int, source: Source) -> Bundle:
    zips = [file for file in form.files if file.field_name == "bundle"]
    if len(zips) == 1 and len(form.files) == 1:
        return read_bundle_with(read_zip(zips[0].path, limit_bytes=limit_bytes), source)
    if zips or not form.files or any(file.field_name != "files" for file in form.files):
        raise BadRequest("Send one zip in the field “bundle”, or each file in the field “files”.")
    named: dict[str, bytes] = {}
    for file in form.files:
        require_inside(file.file_name)
        if file.file_name in named:
            raise twice(file.file_name)
        named[file.file_name] = file.path.read_bytes()
    return read_bundle_with(without_top_folder(named), source)
