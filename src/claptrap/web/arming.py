"""REST for when detections act: arm, disarm, snooze."""

from __future__ import annotations

from typing import Any

from claptrap.core.errors import InputError
from claptrap.service import Application
from claptrap.web import responses
from claptrap.web.routes import SAVING, Routes, object_schema

routes = Routes("arming")


@routes.get("/api/arming", "Si les détections agissent en ce moment, ou pourquoi pas", responses.Arming)
def arming(service: Application) -> dict[str, Any]:
    """Whether detections act at the moment, or why not."""
    return service.arming.state()


@routes.post(
    "/api/arming",
    "Armer, désarmer ou mettre en pause la maison, une pièce ou une source",
    responses.Arming,
    body=object_schema(
        armed={"type": "boolean"}, snooze_s={"type": "number"}, source={"type": "string"}, room={"type": "string"}
    ),
    codes=("api.bad_parameter", "api.unknown_source", "when.unknown_room", "when.bad_snooze", *SAVING),
)
def arm(service: Application, body: dict[str, Any]) -> dict[str, Any]:
    """Arm, disarm or snooze the house, a room or a source."""
    kinds: dict[str, tuple[type, ...]] = {"armed": (bool,), "snooze_s": (int, float), "source": (str,), "room": (str,)}
    for name, value in body.items():
        if name not in kinds or not isinstance(value, kinds[name]) or (name != "armed" and isinstance(value, bool)):
            raise InputError("api.bad_parameter", name=name)
    return service.arming.change(**body)
