"""How a worker process starts: BLAS gets its threads before NumPy is there to ask for them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LOOK = """
import json, os, sys
seen = {}
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            seen.setdefault("at_import", os.environ.get("OPENBLAS_NUM_THREADS"))
sys.meta_path.insert(0, Watch())
import worker.celery_app
import worker.jobs
from threadpoolctl import threadpool_info
seen["threads"] = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
print(json.dumps(seen))
"""


@pytest.mark.parametrize("outside", [None, "7"])
def test_the_setting_holds_from_the_first_import_whatever_the_environment_says(
    outside: str | None, tmp_path: Path
) -> None:
    environment = {name: os.environ[name] for name in os.environ if "_NUM_THREADS" not in name} | {
        "DATABASE_URL": "postgresql://nobody@localhost/nothing",
        "REDIS_URL": "redis://localhost:1/0",
        "BLOB_ROOT": str(tmp_path),
        "BLAS_THREADS": "1",
    }
    if outside is not None:
        environment["OPENBLAS_NUM_THREADS"] = outside
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    seen = json.loads(done.stdout)
    assert seen["at_import"] == "1"
    assert set(seen["threads"]) == {1}
