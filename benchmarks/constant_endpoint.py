"""The peer of bench_reading.py: a plain FastAPI application that returns the same bytes."""

import os
from pathlib import Path

from fastapi import FastAPI, Response

BODY = Path(os.environ["CONSTANT_BODY"]).read_bytes()

app = FastAPI()


@app.get("/leaderboard")
async def read_constant() -> Response:
    """Answer with the constant."""
    return Response(BODY, media_type="application/json")
