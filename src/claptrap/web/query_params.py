"""Query parameters of the API's addresses, as models that check them and of which its description is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from claptrap.core.errors import InputError
from claptrap.history.query import MOST_ROWS, DetectionFilter, State
from claptrap.text.catalogue import sounds_named

DEFAULT_PAGE_SIZE = 50
_MAX_CLAPS = 1000
QueryT = TypeVar("QueryT", bound="Query")
Number = Annotated[float, Field(allow_inf_nan=False)]
Time = Annotated[Number, Field(description="UTC Unix seconds")]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Cursor = Annotated[str, Field(max_length=100, description="`cursor` of the page before")]
Limit = Annotated[int, Field(ge=1, le=MOST_ROWS, description="how many at most")]


class Query(BaseModel):
    """Parameters that every address takes. One that is not known is refused: a typing error must not widen what is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    ERROR_CODES: ClassVar[Mapping[str, str]] = {}  # the codes of parameters that have their own

    lang: str | None = Field(default=None, description="language of sentences, `fr` or `en`, before Accept-Language")


class HistoryQuery(Query):
    """Which detections: all that fit every value given."""

    since: Time | None = None
    before: Time | None = None
    source: Text | None = Field(default=None, description="id of the source")
    least_score: Number | None = None
    most_score: Number | None = None
    mark: Literal["clap", "not_clap", "none"] | None = Field(default=None, description="what a person said of it")
    kind: Text | None = Field(default=None, description="of the source")
    claps: int | None = Field(default=None, ge=1, le=_MAX_CLAPS, description="so many claps")
    applause: bool | None = None
    label: Text | None = Field(default=None, description="a sound that was named, as YAMNet writes it")
    sound: Text | None = Field(default=None, description="part of the name of a sound that was named, in French or English")
    epoch: Text | None = Field(default=None, description="one uninterrupted stream of a source")
    least_latency_s: Number | None = Field(default=None, description="from the onset to the decision")
    most_latency_s: Number | None = None

    def wanted(self) -> DetectionFilter:
        """Return it as the journal takes it."""
        names = set(HistoryQuery.model_fields) - set(Query.model_fields) - {"source", "sound"}
        labels = None if self.sound is None else sounds_named(self.sound)
        return DetectionFilter(source_id=self.source, labels=labels, **{name: getattr(self, name) for name in names})


class HistoryPageQuery(HistoryQuery):
    """A page of detections."""

    limit: Limit = DEFAULT_PAGE_SIZE
    cursor: Cursor | None = None


class CountsQuery(HistoryQuery):
    """Detections per hour or day."""

    per: Literal["hour", "day"] = "day"
    tz: str | None = Field(
        default=None, max_length=100, description="time zone, `Europe/Paris` or `+02:00`; this machine's unless said"
    )


class ExportQuery(HistoryQuery):
    """A file of detections."""

    format: Literal["csv", "jsonl"] = "csv"
    tz: str | None = Field(default=None, max_length=100, description="time zone of the column `time`, as for counts")


class DeleteBeforeQuery(Query):
    """What shall be forgotten."""

    before: Time | None = Field(default=None, description="only what is older (UTC Unix seconds); everything unless said")


class DeliveriesPageQuery(Query):
    """A page of deliveries."""

    state: State | None = None
    source: Text | None = Field(default=None, description="id of the source")
    target: Text | None = Field(default=None, description="id of the receiver: `SOURCE.WEBHOOK`")
    event: Text | None = Field(default=None, description="id of the detection")
    limit: Limit = DEFAULT_PAGE_SIZE
    cursor: Cursor | None = None


class CandidatesQuery(Query):
    """How many candidates."""

    limit: Limit = DEFAULT_PAGE_SIZE


class RecordingQuery(Query):
    """What a recording is called."""

    name: Text = Field(default="", description="for people: the name of the file")


class WebhookTestQuery(Query):
    """Which webhook of a source."""

    webhook: Text | None = Field(default=None, description="its id; the first that is in use unless said")


class PreviewQuery(Query):
    """Whose detections."""

    source: Text | None = Field(default=None, description="id of the source; examples only unless said")


class PortQuery(Query):
    """A UDP port."""

    ERROR_CODES = {"port": "api.bad_port"}
    port: int = Field(default=6980, ge=1, le=65_535, description="where to listen for streams")


class ImportQuery(Query):
    """How a document is taken."""

    mode: Literal["replace", "merge"] | None = Field(default=None, description="what its format asks for unless said")


def query_params(model: type[QueryT]) -> QueryT:
    """Return the parameters of the request at hand.

    Raises:
        InputError: ``api.bad_parameter``, the first that is none of ``model``'s or has no value of its kind.
    """
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])[:100]
        raise InputError(model.ERROR_CODES.get(name, "api.bad_parameter"), name=name) from error
