"""The JSON Schema of `challenge.yaml`: what editors and other programs can check without us.

It follows from the models that read the file, so the two cannot part. It knows shapes only: that
files are there, that names agree, and that policies make sense is told by the check of a bundle.
"""

import json
from functools import cache
from typing import Any

from app.challenges.config import SHORT_FORMS, ChallengeConfig
from app.challenges.phase_config import PhaseTaskConfig

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def config_schema() -> dict[str, Any]:
    """Return the schema, with the short forms that the file may use."""
    schema = ChallengeConfig.model_json_schema()
    definitions = schema["$defs"]
    for definition in definitions.values():
        if "enum" in definition:  # what its key is for stands at the key
            definition.pop("description", None)
    phase = definitions["PhaseConfig"]["properties"]
    for key, name in SHORT_FORMS.items():
        config = phase[key]["$ref"].removeprefix("#/$defs/")
        phase[key].setdefault("description", definitions[config]["description"])
        whole = {"$ref": phase[key].pop("$ref")}
        phase[key]["anyOf"] = [whole, {"$ref": definitions[config]["properties"][name]["$ref"]}]
    slug = definitions[PhaseTaskConfig.__name__]["properties"]["task"]
    phase["tasks"]["items"] = {"anyOf": [phase["tasks"]["items"], slug]}
    return {"$schema": DIALECT, **schema, "title": "challenge.yaml"}


@cache
def schema_bytes() -> bytes:
    """Return the schema as it is served and as it lies in `docs/`."""
    return (json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n").encode()
