"""Probing 13,000 x 1024 embeddings for 11 tasks of 40 splits, beside the peers, in one run.

Every contestant is a process of its own on one BLAS thread; rounds are interleaved. Medians over
`--repeats` of ours are printed; the peers take minutes, so scikit-learn's loop runs on the first
splits only, as said beside its figures, which are extrapolated to 40. Ratios stand beside the
figures to reach, and decide nothing. Processor time is the one to trust on a busy machine.

    python benchmarks/bench_probing.py [--repeats 3] [--data FOLDER]
        [--neuco-bench CHECKOUT --neuco-python PYTHON]

NeuCo-Bench runs once on each of `--torch-threads`, and the least figure counts: on a busy machine
two threads wait for each other, spinning. Without a checkout its quoted figures stand in, which
are another machine's: a ratio to them says little.

`--data` keeps what was drawn (7 seconds) for the next run. `--only exact,neuco` measures some.
`--growth` measures how the time grows instead, and draws it (some minutes more).
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probing_data import PLANS, SPLITS
from probing_growth import plot
from probing_whole import (
    WHOLE,
    NeucoBenchRun,
    Whole,
    largest_difference,
    measure_neuco_bench,
    measure_whole,
)

HERE = Path(__file__).resolve().parent
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}
REGRESSIONS = [plan.name for plan in PLANS if plan.kind == "regression"]
BINARIES = [plan.name for plan in PLANS if plan.kind != "regression"]
FEW_ROWS = [plan.name for plan in PLANS if plan.n_labels <= 1_000]
# NeuCo-Bench a89ba06 on two torch threads, as spec/scoring.md quotes it: tasks, whole process.
QUOTED_CPU_S, QUOTED_WALL_S, QUOTED_PEAK_MB = 99.4, 107.6, 884
# scikit-learn's loop (RidgeCV, lbfgs) in the same run as those: how fast that machine was.
QUOTED_LOOP_CPU_S = 787


@dataclass(frozen=True)
class Entry:
    """A contestant: who, on which tasks and splits, and whether it is a peer."""

    name: str
    tasks: list[str]
    n_splits: int = SPLITS
    is_peer: bool = False


ENTRIES = (
    Entry("exact", REGRESSIONS + BINARIES),
    Entry("exact-one-C", BINARIES),
    Entry("neuco", REGRESSIONS + BINARIES),
    Entry("RidgeCV", REGRESSIONS, n_splits=1, is_peer=True),
    Entry("lbfgs", BINARIES, n_splits=4, is_peer=True),
    Entry("newton-cholesky", BINARIES, n_splits=2, is_peer=True),
)


@dataclass(frozen=True)
class Result:
    """Medians: processor and wall seconds of 40 splits by part, mean scores, peak memory."""

    cpu: dict[str, float]
    wall: dict[str, float]
    mean: dict[str, float]
    peak_mb: float

    @classmethod
    def of(cls, runs: list[dict[str, Any]]) -> "Result":
        def median(label: str, key: str) -> float:
            parts = [run["parts"][label] for run in runs]
            of_40: list[float] = [p[key] * (SPLITS / (p["n_splits"] or SPLITS)) for p in parts]
            return statistics.median(of_40)

        labels = list(runs[0]["parts"])
        return cls(
            cpu={label: median(label, "cpu") for label in labels},
            wall={label: median(label, "wall") for label in labels},
            mean={label: runs[0]["parts"][label]["mean"] for label in labels},
            peak_mb=statistics.median(run["peak_mb"] for run in runs),
        )

    def total(self, tasks: list[str], *, prepare: bool = False) -> float:
        """Processor seconds of some tasks."""
        return sum(self.cpu[label] for label in (["prepare"] if prepare else []) + tasks)


def run_entry(entry: Entry, folder: Path) -> dict[str, Any]:
    """Measure once, in a process of its own."""
    script = str(HERE / "probing_contestants.py")
    command = [sys.executable, script, entry.name, str(folder)]
    command += ["--splits", str(entry.n_splits), "--tasks", ",".join(entry.tasks)]
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(HERE.parent)}
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
    measured: dict[str, Any] = json.loads(output)
    return measured


def measure_all(
    folder: Path, wanted: set[str], *, repeats: int, peer_repeats: int
) -> dict[str, Result]:
    """Rounds over all contestants."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for number in range(max(repeats, peer_repeats)):
        for entry in ENTRIES:
            if entry.name in wanted and number < (peer_repeats if entry.is_peer else repeats):
                note(f"{entry.name}, round {number + 1}")
                runs.setdefault(entry.name, []).append(run_entry(entry, folder))
    note("")
    return {name: Result.of(some) for name, some in runs.items()}


def note(text: str) -> None:
    """Say on a terminal what is running."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def print_tasks(results: dict[str, Result]) -> None:
    """Every task's processor seconds, and its mean score by `exact`."""
    names = [entry.name for entry in ENTRIES if entry.name in results]
    print("CPU seconds of 40 splits by task" + " " * 4, *(f"{name:>15}" for name in names))
    for plan in (None, *PLANS):
        label = plan.name if plan else "prepare"
        cells = [
            f"{results[name].cpu[label]:15.2f}" if label in results[name].cpu else " " * 15
            for name in names
        ]
        score = results["exact"].mean[label] if plan and "exact" in results else None
        shown = f"{label} ({score:.2f})" if score is not None else label
        print(f"  {shown:34}", *cells)
    print(f"  {'peak MB':34}", *(f"{results[name].peak_mb:15.0f}" for name in names))
    for entry in ENTRIES:
        if entry.is_peer and entry.name in results:
            print(f"  {entry.name}: measured on {entry.n_splits} of 40 splits, extrapolated")


def print_ratio(what: str, peer: float, ours: float, to_reach: str) -> None:
    """One line: how many times faster, beside the figure to reach."""
    print(f"  {what:58} {peer:8.1f} / {ours:6.2f} = {peer / ours:6.1f} x   (to reach: {to_reach})")


def print_ratios(results: dict[str, Result], peers: list[NeucoBenchRun]) -> None:
    """Ours beside the peers, tasks only."""
    print("\nPeer / ours, CPU seconds, tasks only")
    name, neuco_bench = "NeuCo-Bench (quoted, another machine)", QUOTED_CPU_S
    if peers:
        name, neuco_bench = "NeuCo-Bench", min(peer.tasks_cpu for peer in peers)
    exact, one_c = results.get("exact"), results.get("exact-one-C")
    if neuco := results.get("neuco"):
        total = neuco.total(REGRESSIONS + BINARIES, prepare=True)
        print_ratio(f"{name} / neuco", neuco_bench, total, "18 x")
    if exact:
        total = exact.total(REGRESSIONS + BINARIES, prepare=True)
        print_ratio(f"{name} / exact, penalties chosen", neuco_bench, total, "-")
    if exact and (ridge := results.get("RidgeCV")):
        few = [name for name in FEW_ROWS if name in REGRESSIONS]
        many = [name for name in REGRESSIONS if name not in few]
        every, some = ridge.total(REGRESSIONS), ridge.total(many)
        print_ratio("RidgeCV / exact, all 7 regressions", every, exact.total(REGRESSIONS), "230 x")
        print_ratio("RidgeCV / exact, n > d", some, exact.total(many), "-")
        to_reach = "18 x by GCV, 6 x by exact leave-one-out"
        print_ratio("RidgeCV / exact, n < d", ridge.total(few), exact.total(few), to_reach)
    if "RidgeCV" in results and "lbfgs" in results:
        loop = results["RidgeCV"].total(REGRESSIONS) + results["lbfgs"].total(BINARIES)
        print(
            f"  another machine: scikit-learn's loop took {QUOTED_LOOP_CPU_S} s where NeuCo-Bench "
            f"took {QUOTED_CPU_S}; here, on these tasks, it takes {loop:.0f} s"
        )
    for peer, to_reach in (("lbfgs", "84 x"), ("newton-cholesky", "108 x")):
        if peer not in results:
            continue
        few = [name for name in FEW_ROWS if name in BINARIES]
        for ours, label in ((one_c, "exact, C = 1"), (exact, "exact, C chosen")):
            if ours:
                goal = to_reach if ours is one_c else "-"
                pair = results[peer].total(BINARIES), ours.total(BINARIES)
                print_ratio(f"{peer} / {label}, all 4 binary tasks", *pair, goal)
                pair = results[peer].total(few), ours.total(few)
                print_ratio(f"{peer} / {label}, n < d", *pair, "-")


def print_row(who: str, wall: float, cpu: float, peak_mb: float, remark: str) -> None:
    """One whole process."""
    print(f"  {who:38} {wall:8.2f} {cpu:8.2f} {peak_mb:8.0f}    {remark}")


def print_whole(folder: Path, *, repeats: int, peers: list[NeucoBenchRun]) -> None:
    """From the CSV, whole processes: seconds, and the peak of the largest process."""
    print(f"\nFrom the CSV, whole process {'wall s':>21} {'CPU s':>8} {'peak MB':>8}    (to reach)")
    for peer in peers:
        who, one = f"NeuCo-Bench, torch threads: {peer.threads}", peer.whole
        parts = f"CPU s: tasks {peer.tasks_cpu:.1f}, loss curves {peer.curves_cpu:.1f}"
        print_row(who, one.wall, one.cpu, one.peak_mb, parts)
    quoted = "another machine's; CPU of its tasks only"
    if not peers:
        print_row("NeuCo-Bench (quoted)", QUOTED_WALL_S, QUOTED_CPU_S, QUOTED_PEAK_MB, quoted)
    wall = min((peer.whole.wall for peer in peers), default=QUOTED_WALL_S)
    scores: dict[str, list[float]] = {}
    for scorer, to_reach in (("exact", "30 x"), ("neuco", "25 x")):
        runs = [measure_whole(scorer, folder) for _ in range(repeats)]
        mine = Whole(
            cpu=statistics.median(run.cpu for run in runs),
            wall=statistics.median(run.wall for run in runs),
            peak_mb=max(run.peak_mb for run in runs),
            scores=runs[0].scores,
        )
        scores = mine.scores
        remark = f"{wall / mine.wall:.1f} x ({to_reach}); each process ≤ 320 MB"
        if peers:
            cpu = min(peer.whole.cpu for peer in peers)
            remark += f"; {cpu / mine.cpu:.1f} x in CPU s"
        who = f"probeboard score, {scorer}, 2 processes"
        print_row(who, mine.wall, mine.cpu, mine.peak_mb, remark)
    for peer in peers:
        most, count = largest_difference(peer.whole.scores, scores)
        print(f"  NeuCo-Bench: {peer.version}; torch {peer.torch}, threads: {peer.threads}")
        print(f"  its {count} split scores differ from neuco's by {most:.1e} at most")
    print(
        "  load average: {:.1f} in the last minute, {:.1f} in 5, {:.1f} in 15".format(
            *os.getloadavg()
        )
    )


@contextlib.contextmanager
def drawn_data(kept: Path | None) -> Iterator[Path]:
    """Draw the data in a process of its own: a child inherits the peak memory of its parent."""
    with tempfile.TemporaryDirectory() as name:
        folder = (kept or Path(name)).resolve()
        if not (folder / "labels").exists():
            note("drawing embeddings and tasks")
            command = [sys.executable, str(HERE / "probing_data.py"), str(folder), "--csv"]
            subprocess.run(command, check=True)
        yield folder


def main() -> None:
    """Draw, measure everyone, print figures and ratios."""
    names = [entry.name for entry in ENTRIES]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=3, help="of ours")
    parser.add_argument("--peer-repeats", type=int, default=1, help="of scikit-learn's loops")
    parser.add_argument("--data", type=Path, help="a folder to keep the data in")
    parser.add_argument("--only", help=f"some of: {','.join([*names, WHOLE])}")
    parser.add_argument("--neuco-bench", type=Path, help="a checkout")
    parser.add_argument(
        "--neuco-python",
        type=Path,
        default=Path(sys.executable),
        help="an interpreter that has its requirements",
    )
    parser.add_argument("--torch-threads", default="1,2", help="NeuCo-Bench's, run by run")
    parser.add_argument("--growth", action="store_true", help="draw probing-growth.svg instead")
    options = parser.parse_args()
    if options.growth:
        plot(repeats=options.repeats)
        return
    wanted = set(options.only.split(",") if options.only else [*names, WHOLE])
    if unknown := wanted - {*names, WHOLE}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    with drawn_data(options.data) as folder:
        peers = []
        for threads in options.torch_threads.split(",") if options.neuco_bench else ():
            note(f"NeuCo-Bench, torch threads: {threads}")
            checkout, python = options.neuco_bench, options.neuco_python
            peers.append(measure_neuco_bench(checkout, folder, python=python, threads=int(threads)))
        results = measure_all(
            folder, wanted, repeats=options.repeats, peer_repeats=options.peer_repeats
        )
        if results:
            print_tasks(results)
            print_ratios(results, peers)
        if WHOLE in wanted:
            print_whole(folder, repeats=options.repeats, peers=peers)


if __name__ == "__main__":
    main()
