"""A season of full size through the real system: uploads over HTTP, a worker, snapshots to verify.

    python benchmarks/season.py [--teams 60] [--submissions 1500] [--uploads 1500]

Two phases; teams withdraw, hide, rename and select; the organizer hands in baselines and changes
how one phase ranks. In the end every snapshot must be derivable from the stored evaluations, byte
for byte: this fails if one is not. With fewer uploads than submissions the others are queued as
copies, and evaluated as all are.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.e2e.season import PHASES, Plan, Season
from tests.e2e.system import System


def main() -> None:
    """Play the season and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--teams", type=int, default=60)
    parser.add_argument("--submissions", type=int, default=1500)
    parser.add_argument("--uploads", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    plan = Plan(given.teams, given.submissions, given.uploads, seed=given.seed, patience_s=3600.0)
    with tempfile.TemporaryDirectory() as data, System(Path(data)) as system:
        season = Season.open(system, plan)
        season.play()
        print(f"played in {season.seconds:.0f} s: {dict(season.done)}")
        for phase in PHASES:
            sizes = [len(one.body) for one in season.snapshots(phase)]
            entries = season.board(phase)["entries"]
            print(f"{phase}: {len(entries)} entries, {len(sizes)} snapshots of {max(sizes)} bytes")
        started = time.monotonic()
        count = season.require_derivable()
        print(f"{count} snapshots derived again, equal, in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
