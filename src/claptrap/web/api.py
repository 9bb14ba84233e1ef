"""The REST interface: all groups of routes, in the order in which they are described."""

from __future__ import annotations

from claptrap.web import (
    access,
    arming,
    clips,
    diagnostics,
    docs,
    history,
    learning,
    mark_link,
    metrics,
    micro,
    nodes,
    receivers,
    settings,
    sources,
    state,
    triggers,
)

GROUPS = tuple(
    module.routes
    for module in (
        state,
        metrics,
        diagnostics,
        sources,
        nodes,
        learning,
        triggers,
        micro,
        history,
        mark_link,
        arming,
        clips,
        receivers,
        settings,
        access,
        docs,
    )
)
ROUTES = {(route.method, route.path): route for group in GROUPS for route in group.all}
