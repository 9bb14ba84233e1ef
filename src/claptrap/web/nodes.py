"""REST for the nodes of a cluster. Without ``--cluster`` there are none."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from claptrap.core.errors import InputError
from claptrap.service import Application
from claptrap.service.cluster import Cluster
from claptrap.sources.device import Device
from claptrap.web import responses, sources
from claptrap.web.response_model import list_of
from claptrap.web.routes import Routes, object_schema

routes = Routes("nodes")
_CODES = ("api.no_cluster", "cluster.unknown_node", "cluster.disconnected", "cluster.no_answer")


def _cluster(service: Application) -> Cluster:
    if service.cluster is None:
        raise InputError("api.no_cluster")
    return service.cluster


@routes.get("/api/nodes", "Les nœuds de la grappe, et leur état ; vide sans grappe", list_of(responses.Node))
def nodes(service: Application) -> list[dict[str, Any]]:
    """The nodes of the cluster, with their state; empty without a cluster."""
    return [asdict(node) for node in service.cluster.nodes()] if service.cluster is not None else []


@routes.post(
    "/api/nodes/{name}/drain",
    "Faire donner ses sources déplaçables à un nœud et ne plus lui en confier, ou lui en confier de nouveau",
    list_of(responses.Node),
    body=object_schema("draining", draining={"type": "boolean"}),
    codes=("api.bad_parameter", *_CODES),
)
def drain(service: Application, name: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Have a node give its movable sources away and take none, or take some again."""
    draining = body.get("draining")
    if not isinstance(draining, bool):
        raise InputError("api.bad_parameter", name="draining")
    _cluster(service).drain(name, is_draining=draining)
    return nodes(service)


@routes.get(
    "/api/nodes/{name}/devices",
    "Les microphones d'un nœud, et les flux VBAN qui lui arrivent",
    responses.NodeDevices,
    codes=_CODES,
)
def devices(service: Application, name: str) -> dict[str, Any]:
    """The microphones of a node, and the VBAN streams that it receives."""
    found = _cluster(service).devices(name)
    return {
        "microphones": [sources.microphone(Device.of(one)) for one in found["microphones"]],
        "vban": [sources.stream(one) for one in found["vban"]],
    }
