"""How the time of probing grows: with labels, dimensions, splits and tasks, one at a time.

    python benchmarks/bench_probing.py --growth        (writes benchmarks/probing-growth.svg)

From one task of 4,000 labels, 1024 dimensions and 40 splits, one of them changes. Processor seconds
on one BLAS thread, each point a process of its own; preparing the embeddings is counted in.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from loglog_svg import Line, Panel, draw_panels
from probing_data import SAMPLES, TaskPlan, draw, save

HERE = Path(__file__).resolve().parent
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}
SERIES = {"exact, regression": "reg", "exact, binary": "bin", "neuco, regression": "reg"}


@dataclass(frozen=True)
class Point:
    """What is measured: so many tasks of so many labels, dimensions and splits."""

    labels: int = 4_000
    dims: int = 1024
    splits: int = 40
    tasks: int = 1


BASE = Point()
SWEEPS = {
    "labels": (2_000, 4_000, 8_000),
    "dims": (256, 1024, 2048),
    "splits": (10, 40, 200),
    "tasks": (1, 11),
}
TITLES = {"labels": "labels a task", "dims": "dimensions", "splits": "splits", "tasks": "tasks"}


def sweep(name: str) -> list[Point]:
    """The base with one thing changed."""
    return [replace(BASE, **{name: value}) for value in SWEEPS[name]]


def plans() -> Iterator[TaskPlan]:
    """Every task that some point needs."""
    most = max(SWEEPS["tasks"])
    for labels in SWEEPS["labels"]:
        for number in range(most if labels == BASE.labels else 1):
            yield TaskPlan(f"reg_{labels}_{number}", labels, 0.6)
            yield TaskPlan(f"bin_{labels}_{number}", labels, 0.8, positives=0.4)


def measure(series: str, point: Point, folder: Path) -> float:
    """Processor seconds of one point."""
    scorer, kind = series.split(",")[0], SERIES[series]
    names = ",".join(f"{kind}_{point.labels}_{number}" for number in range(point.tasks))
    script, data = str(HERE / "probing_contestants.py"), str(folder / str(point.dims))
    command = [sys.executable, script, scorer, data, "--tasks", names]
    command += ["--splits", str(point.splits)]
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(HERE.parent)}
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
    return float(sum(part["cpu"] for part in json.loads(output)["parts"].values()))


def measure_all(folder: Path, *, repeats: int) -> dict[tuple[str, Point], float]:
    """Medians of all points of all series."""
    for dims in SWEEPS["dims"]:
        (folder / str(dims)).mkdir()
        save(folder / str(dims), *draw(SAMPLES, dims, tuple(plans())))
    points = list(dict.fromkeys(point for name in SWEEPS for point in sweep(name)))
    return {
        (series, point): statistics.median(measure(series, point, folder) for _ in range(repeats))
        for point in points
        for series in SERIES
    }


def panel(name: str, seconds: dict[tuple[str, Point], float]) -> Panel:
    """One thing that changes, and every series against it."""
    lines = [
        Line(series, [(getattr(p, name), seconds[series, p]) for p in sweep(name)])
        for series in SERIES
    ]
    return Panel(f"CPU seconds against {TITLES[name]}", lines)


def plot(*, repeats: int) -> None:
    """Measure, print and draw."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = measure_all(Path(folder), repeats=repeats)
    panels = [panel(name, seconds) for name in SWEEPS]
    for one in panels:
        print(one.title)
        for line in one.lines:
            cells = "   ".join(f"{x:>6,}: {y:6.2f}" for x, y in line.points)
            print(f"  {line.label:20} {cells}   grows as x^{line.exponent:.2f}")
    path = HERE / "probing-growth.svg"
    caption = (
        f"One task of {BASE.labels:,} labels, {BASE.dims} dimensions, {BASE.splits} splits, and "
        "one of these changed. One BLAS thread; exponents are between the ends."
    )
    path.write_text(draw_panels(panels, title="How probing time grows", caption=caption))
    print(f"drawn: {path.name}")
