"""What all request and response bodies share."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    field_validator,
)

from app.clock import to_json_instant
from app.text import one_line

Item = TypeVar("Item")
Instant = Annotated[AwareDatetime, PlainSerializer(to_json_instant, when_used="json")]

Line = Annotated[str, AfterValidator(one_line)]


class Body(BaseModel):
    """A request body: unknown members are an error, text is stripped."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    @field_validator("*")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        if isinstance(value, str) and "\x00" in value:
            raise ValueError("must not contain NUL characters")  # PostgreSQL cannot store them
        return value


class View(BaseModel):
    """A response body, made from a row or a dataclass."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Page(View, Generic[Item]):
    """A list, and where it goes on."""

    items: list[Item] = Field(description="The items, in the order the endpoint states.")
    next_cursor: str | None = Field(
        default=None, description="Give it as `cursor` to read on; null at the end."
    )
