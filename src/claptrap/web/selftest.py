"""The built-in tests over REST, only in development (``serve --dev``)."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from werkzeug.exceptions import NotFound

from claptrap.selftest.runner import SelfTestRunner


def build_selftest(trials: SelfTestRunner | None) -> Blueprint:
    """Return the routes of the built-in tests; without ``trials``, outside of development, they are not found."""
    selftest = Blueprint("selftest", __name__)

    def offered() -> SelfTestRunner:
        if trials is None:
            raise NotFound
        return trials

    @selftest.get("/api/selftest")
    def stand() -> Response:
        """Return how every test stands, in both languages: waiting, running, passed, failed or skipped."""
        return _fresh(jsonify(offered().to_json()))

    @selftest.post("/api/selftest")
    def start() -> tuple[Response, int]:
        """Run the tests, unless they run already; they work on folders of their own. Ask with GET how they stand."""
        offered().start()
        return _fresh(jsonify(offered().to_json())), 202

    return selftest


def _fresh(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer
