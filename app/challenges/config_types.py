"""The kinds of values that `challenge.yaml` is made of."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from app.clock import in_utc
from app.text import one_line

# What an editor can tell of an instant without a calendar: that it names its zone.
_ENDS_IN_A_ZONE = r"([Zz]|[+-][0-9]{2}:?[0-9]{2})$"


def _somewhere_in_utc(instant: datetime) -> datetime:
    in_utc(instant)
    return instant


Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
FileName = Annotated[str, Field(min_length=1, max_length=200)]
Instant = Annotated[
    AwareDatetime,
    AfterValidator(_somewhere_in_utc),
    Field(json_schema_extra={"pattern": _ENDS_IN_A_ZONE}),
]
# As addresses are kept: lower case, and two parts at least.
Domain = Annotated[
    str, Field(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z0-9]$", max_length=253)
]
Text = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(one_line)]
Version = Annotated[str, Field(min_length=1, max_length=30), AfterValidator(one_line)]


class Config(BaseModel):
    """A mapping of the file. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
