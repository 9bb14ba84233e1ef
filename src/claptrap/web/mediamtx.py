"""MediaMTX's streams over REST."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from claptrap.service import Application


def build_mediamtx(service: Application) -> Blueprint:
    """Return the route ``/api/mediamtx/paths``."""
    mediamtx = Blueprint("mediamtx", __name__)

    @mediamtx.get("/api/mediamtx/paths")
    def paths() -> Response:
        """Return the streams that MediaMTX of this machine serves: name, url, ready, tracks, and the source that hears each.

        To add one: ``POST /api/sources`` with kind ``rtsp`` and its url. ``code`` says why there are none.
        """
        answer = jsonify(service.streams.paths())
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return mediamtx
