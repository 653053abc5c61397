"""EvalAI's HTML pages as the three Markdown pages of a challenge."""

from collections.abc import Mapping

from markdownify import markdownify

from app.bundles.evalai_part import Part
from app.bundles.evalai_tasks import Metrics

_TODO = "TODO: this page was not in the bundle.\n"


def write_pages(challenge: Part, files: Mapping[str, bytes], metrics: Metrics) -> dict[str, str]:
    """Return the pages by name; what EvalAI has more of is added under headings of its own."""

    def page(part: Part, key: str) -> str:
        return _page(part, key, files) if key in part.values else ""

    description = [page(challenge, "description") or _TODO]
    for phase in challenge.parts("challenge_phases"):
        text = page(phase, "description")
        description += [f"## {phase.line('name', 'Phase')}\n", text] if text else []
    # Until 2020 the page of the evaluation had another key.
    details = page(challenge, "evaluation_details"), page(challenge, "evaluation_criteria")
    evaluation = [text for text in details if text] or [_TODO]
    told = [f"- **{title}**: {about}" for title, about in metrics.descriptions]
    evaluation += ["## Scores\n", "\n".join(told) + "\n"] if told else []
    if about := challenge.get("leaderboard_description"):
        evaluation += ["## Leaderboard\n", f"{about}\n"]
    guidelines = page(challenge, "submission_guidelines")
    evaluation += ["## How to submit\n", guidelines] if guidelines else []
    return {
        "description": "\n".join(description),
        "evaluation": "\n".join(evaluation),
        "terms": page(challenge, "terms_and_conditions") or _TODO,
    }


def _page(part: Part, key: str, files: Mapping[str, bytes]) -> str:
    name = str(part.get(key))
    data = files.get(name.removeprefix("./"))
    if data is None:
        part.add(key, f"the bundle has no file “{name}”")
        return ""
    try:
        html = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        part.add(key, f"“{name}” is not UTF-8 text: what cannot be read stands as �")
        html = data.decode("utf-8-sig", errors="replace")
    text = markdownify(html.replace("\x00", ""), heading_style="ATX", strip=["script", "style"])
    return str(text).strip() + "\n"
