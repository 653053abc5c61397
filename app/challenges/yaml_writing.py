"""YAML that reads back the same here and in other programs, whatever of YAML they know."""

from typing import Any

import yaml

from app.challenges.yaml_lines import PlainLoader

_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _PlainDumper(yaml.SafeDumper):
    """The safe dumper, which quotes text that we or others would read as something else."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything where it stands: aliases are not read."""
        return True


# Instants are text here, and stay without quotes as people write them.
_PlainDumper.yaml_implicit_resolvers = {
    first: [
        *(pair for pair in yaml.SafeDumper.yaml_implicit_resolvers.get(first, [])
          if pair[0] != _TIMESTAMP),
        *PlainLoader.yaml_implicit_resolvers.get(first, []),
    ]
    for first in {*yaml.SafeDumper.yaml_implicit_resolvers, *PlainLoader.yaml_implicit_resolvers}
}  # fmt: skip


def write_yaml(values: Any) -> str:
    """Write a document of JSON's types, with its keys in their order."""
    return yaml.dump(values, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=100)
