"""The page's types are made of the API's description."""

from __future__ import annotations

from scripts.wire import WIRE, document
from tests.web.conftest import clap

from claptrap.web.wire import message


def test_the_page_knows_every_route_event_and_schema() -> None:
    """Without Node; ``make lint`` compares the whole text."""
    text = WIRE.read_text("utf-8")
    schemas = document()["components"]["schemas"]
    lacking = [name for name in schemas if f"export type {name} = " not in text]
    for part in ("Answers", "Queries", "ServerEvents", "ClientEvents"):
        lacking += [name for name in schemas[part]["properties"] if f"            {name}: " not in text.replace('"', "")]
    assert lacking == [], "run `make wire`"


def test_the_page_is_promised_what_is_sent() -> None:
    """Everything that is sent is there in the types, and nothing optional among it."""
    told = message(clap(0))
    assert told is not None
    described = document()["components"]["schemas"]["Clap"]
    assert set(told[1]) == set(described["properties"]) == set(described["required"])
