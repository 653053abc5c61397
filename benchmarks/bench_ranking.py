"""How sure 1000 ranks are: time and memory of a board, beside the loop over scipy.stats.rankdata.

Each measurement is a process of its own on one BLAS thread. Medians of `--repeats` are printed
beside the figures to reach, and decide nothing; processor time is the one to trust on a machine
that others use. Memory is the peak of a process that has made the scores and then ranks, and the
same less that of one that only makes the scores. The loop ranks a few draws, said beside its
figure, which is extrapolated to all.

    python benchmarks/bench_ranking.py [--repeats 5] [--method average-rank]
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

TASKS, SPLITS, DRAWS = 11, 40, 1000
LOOPED_DRAWS = 20
# Entries, seconds and MB to reach.
GOALS = {1000: (0.5, 150), 100: (0.05, 150)}
MB = 1e3 if sys.platform != "darwin" else 1e6  # ru_maxrss counts kilobytes, on macOS bytes
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}


def main() -> None:
    """Measure each board in fresh processes and print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--method", default="average-rank")
    options.add_argument("--child", help=argparse.SUPPRESS)
    options.add_argument("--entries", type=int, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.child:
        print(json.dumps(measure(given.child, given.entries, given.method)))
        return
    print(f"{given.method}: {TASKS} tasks x {SPLITS} splits, {DRAWS} draws, one thread")
    for n, (seconds, megabytes) in GOALS.items():
        found = {
            what: [child(what, n, given.method) for _ in range(given.repeats)]
            for what in ("nothing", "ranks", "kept", "one-new", "all")
        }
        idle = statistics.median(run["peak_mb"] for run in found["nothing"])
        print(f"\n{n} entries" + " " * 34 + "processor     wall   peak MB   of it ours")
        for what, text in (
            ("ranks", f"ranks, intervals, P(first)  (< {seconds} s, {megabytes} MB)"),
            ("kept", "the same, draws of all in a cache"),
            ("one-new", "the same, of all but one"),
            ("all", "with rank sets, tiers, leave-outs, tau"),
        ):
            cpu, wall, peak = (
                statistics.median(run[key] for run in found[what])
                for key in ("cpu_s", "wall_s", "peak_mb")
            )
            print(f"  {text:<44}{cpu:8.3f} {wall:8.3f} {peak:9.0f} {peak - idle:12.0f}")
        loop = child("loop", n, given.method)
        print(
            f"  {'loop over rankdata, average rank':<44}{loop['cpu_s']:8.2f} {loop['wall_s']:8.2f}"
            f"   extrapolated from {LOOPED_DRAWS} of {DRAWS} draws"
        )


def child(what: str, n: int, method: str) -> dict[str, float]:
    """Run one measurement in a process of its own."""
    command = [sys.executable, __file__, "--child", what, "--entries", str(n), "--method", method]
    done = subprocess.run(
        command, env={**os.environ, **ONE_THREAD}, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def measure(what: str, n: int, method: str) -> dict[str, float]:
    """Make scores, then do what is asked for, and say what that took."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import numpy as np

    from probeboard.ranking.split_scores import TaskSplitScores

    rng = np.random.default_rng(20250301)
    means = rng.normal(0.6, 0.05, (n, 1)) + rng.normal(0.0, 0.05, (n, TASKS))
    tasks = [
        TaskSplitScores(f"task {i}", rng.normal(mean[:, None], 0.03, (n, SPLITS)), 0.25, "sites")
        for i, mean in enumerate(means.T)
    ]
    work = prepare(what, method, tasks)
    before = time.process_time(), time.perf_counter()
    work()
    cpu, wall = time.process_time() - before[0], time.perf_counter() - before[1]
    scale = DRAWS / LOOPED_DRAWS if what == "loop" else 1.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB
    return {"cpu_s": cpu * scale, "wall_s": wall * scale, "peak_mb": peak}


def prepare(what: str, method: str, tasks: list) -> Callable[[], object]:
    """Give the function to measure; caches are filled before."""
    import numpy as np

    from probeboard.ranking.draw_cache import DrawCache
    from probeboard.ranking.draw_ranks import DrawSource
    from probeboard.ranking.draws import deviations, multipliers
    from probeboard.ranking.scored import rank_scores
    from probeboard.ranking.uncertainty import draw_ranks, intervals, p_first, rank_uncertainty

    if what == "loop":
        from scipy.stats import rankdata

    n = len(tasks[0].scores)
    cache = DrawCache()

    def ranks(source: DrawSource) -> None:
        ranking = rank_scores(method, tasks)
        drawn = draw_ranks(ranking, tasks, source)
        intervals(ranking.ranks, drawn, level=0.95)
        p_first(drawn)

    def loop() -> None:
        g = multipliers("phase", "sites", n_splits=SPLITS, n_draws=LOOPED_DRAWS)
        drawn = np.stack([task.means + g @ deviations(task).T for task in tasks], axis=2)
        for one in drawn:
            average = np.mean([rankdata(-column, method="average") for column in one.T], axis=0)
            rankdata(average, method="min")

    if what in ("kept", "one-new"):
        old = [f"old {i}" if what == "one-new" and i == 0 else i for i in range(n)]
        ranks(DrawSource("phase", DRAWS, cache, old))
    return {
        "nothing": lambda: None,
        "ranks": lambda: ranks(DrawSource("phase", DRAWS)),
        "kept": lambda: ranks(DrawSource("phase", DRAWS, cache, range(n))),
        "one-new": lambda: ranks(DrawSource("phase", DRAWS, cache, range(n))),
        "all": lambda: rank_uncertainty(method, tasks, seed="phase", n_draws=DRAWS),
        "loop": loop,
    }[what]


if __name__ == "__main__":
    main()
