"""EvalAI's HTML pages as the three Markdown pages of a challenge."""

from collections.abc import Mapping, Sequence
from typing import Any

from markdownify import markdownify

from app.bundles.evalai_notes import Notes, mappings
from app.bundles.evalai_tasks import MetricTask
from app.challenges.yaml_lines import Path

_TODO = "TODO: this page was not in the bundle.\n"


def write_pages(
    config: Mapping[str, Any],
    files: Mapping[str, bytes],
    tasks: Sequence[MetricTask],
    notes: Notes,
) -> dict[str, str]:
    """Return the pages by name; what EvalAI has more of is added under headings of its own."""

    def page(values: Mapping[str, Any], key: str, path: Path) -> str:
        return _page(values.get(key), files, notes, (*path, key)) if key in values else ""

    description = [page(config, "description", ()) or _TODO]
    for place, phase in mappings(config.get("challenge_phases")):
        text = page(phase, "description", ("challenge_phases", place))
        description += [f"## {phase.get('name', 'Phase')}\n", text] if text else []
    evaluation = [page(config, "evaluation_details", ()) or _TODO]
    told = [f"- **{task.title}**: {task.description}" for task in tasks if task.description]
    evaluation += ["## Scores\n", "\n".join(told) + "\n"] if told else []
    if config.get("leaderboard_description"):
        evaluation += ["## Leaderboard\n", f"{config['leaderboard_description']}\n"]
    guidelines = page(config, "submission_guidelines", ())
    evaluation += ["## How to submit\n", guidelines] if guidelines else []
    return {
        "description": "\n".join(description),
        "evaluation": "\n".join(evaluation),
        "terms": page(config, "terms_and_conditions", ()) or _TODO,
    }


def _page(name: Any, files: Mapping[str, bytes], notes: Notes, path: Path) -> str:
    data = files.get(str(name).removeprefix("./"))
    if data is None:
        notes.add(path, f"the bundle has no file “{name}”")
        return ""
    html = data.decode("utf-8-sig", errors="replace").replace("\x00", "")
    text = markdownify(html, heading_style="ATX", strip=["script", "style"])
    return str(text).strip() + "\n"
