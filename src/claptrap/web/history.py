"""REST for what was: detections, how many there were, and how they were told."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request

from claptrap.core.errors import InputError
from claptrap.history.deliveries import Which
from claptrap.history.query import MOST_ROWS, Told, Wanted
from claptrap.service import ClapTrap, heard, in_words, told

FEW = 50
_STATES = ("waiting", "taken", "given_up")


def build_history(service: ClapTrap) -> Blueprint:
    """Return the routes of history and deliveries. Times are UTC Unix seconds; pages come newest first."""
    routes = Blueprint("history", __name__)
    journal = service.journal

    @routes.get("/api/history")
    def history() -> Response:
        page = journal.events(_wanted(), _limit(), request.args.get("cursor"))
        return jsonify(events=[heard(event) for event in page.rows], cursor=page.cursor)

    @routes.get("/api/history/counts")
    def counts() -> Response:
        per = request.args.get("per", "day")
        if per not in ("hour", "day"):
            raise InputError("api.bad_parameter", name="per")
        found = journal.counts(_wanted(), "hour" if per == "hour" else "day")
        return jsonify(per=per, counts=[asdict(count) for count in found])

    @routes.delete("/api/history")
    def forget() -> Response:
        before = _number("before")
        return jsonify(deleted=journal.delete() if before is None else journal.delete(before))

    @routes.post("/api/history/<event_id>/replay")
    def replay_event(event_id: str) -> tuple[Response, int]:
        return jsonify(event_id=event_id, receivers=service.replay_event(event_id)), 202

    @routes.get("/api/deliveries")
    def deliveries() -> Response:
        page = journal.deliveries(_which(), _limit(), request.args.get("cursor"))
        return jsonify(deliveries=[_delivery(one) for one in page.rows], cursor=page.cursor)

    @routes.post("/api/deliveries/<delivery_id>/replay")
    def replay_delivery(delivery_id: str) -> tuple[Response, int]:
        return jsonify(event_id=service.replay_delivery(delivery_id)), 202

    return routes


def _delivery(one: Told) -> dict[str, Any]:
    return {**in_words({**asdict(one), "params": dict(one.params)}), "attempts": [told(attempt) for attempt in one.attempts]}


def _wanted() -> Wanted:
    return Wanted(
        since=_number("since"),
        before=_number("before"),
        source_id=request.args.get("source"),
        least_score=_number("least_score"),
        most_score=_number("most_score"),
    )


def _which() -> Which:
    state = request.args.get("state")
    if state is not None and state not in _STATES:
        raise InputError("api.bad_parameter", name="state")
    return Which(state, request.args.get("source"), request.args.get("target"), request.args.get("event"))  # type: ignore[arg-type]  # has just been looked at


def _number(name: str) -> float | None:
    """Return a number of the query, None where it has none.

    Raises:
        InputError: ``api.bad_parameter``.
    """
    text = request.args.get(name)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError as error:
        raise InputError("api.bad_parameter", name=name) from error
    if not math.isfinite(number):
        raise InputError("api.bad_parameter", name=name)
    return number


def _limit() -> int:
    """Return how many rows a page may have; ``FEW`` unless asked otherwise.

    Raises:
        InputError: ``api.bad_parameter``.
    """
    text = request.args.get("limit", str(FEW))
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= MOST_ROWS):
        raise InputError("api.bad_parameter", name="limit")
    return int(text)
