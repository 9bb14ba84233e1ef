"""How the service is, for Prometheus. Everything is read from the service at the moment it is asked."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder, generate_latest
from prometheus_client.registry import Collector

from claptrap import __version__
from claptrap.core.events import State
from claptrap.service import Application
from claptrap.service.cluster import NodeView


def exposed(service: Application, accepted: str) -> tuple[bytes, str]:
    """Return all metrics and their content type, in the format that a header ``Accept`` asks for."""
    encode, content_type = choose_encoder(accepted)
    return encode(_registry(service)), content_type


def as_text(service: Application) -> str:
    """Return all metrics for people."""
    return generate_latest(_registry(service)).decode()


def _registry(service: Application) -> CollectorRegistry:
    """Return what collects the metrics of the service, the process, the platform and the garbage collector."""
    registry = CollectorRegistry()
    registry.register(ServiceCollector(service))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class ServiceCollector(Collector):
    """The service's own figures."""

    def __init__(self, service: Application) -> None:
        self._service = service

    def describe(self) -> Iterable[Metric]:
        """Return nothing: the registry then needs no collection before the service has started."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the current values, read from the service."""
        service = self._service
        yield InfoMetricFamily("claptrap", "The program.", value={"version": __version__})
        yield GaugeMetricFamily(
            "claptrap_detection_running", "Whether sources are being heard.", value=service.detection.running
        )
        yield GaugeMetricFamily("claptrap_healthy", "Whether every thread of hearing moves.", value=not service.stalled())
        yield _family(
            GaugeMetricFamily, "claptrap_problems", "What is out of order, as the page shows it.", ["code"],
            [((code,), count) for code, count in Counter(problem.code for problem in service.problems.found()).items()],
        )  # fmt: skip
        yield CounterMetricFamily("claptrap_news_dropped", "News that pages were too slow for.", value=service.hub.dropped)
        yield _family(
            CounterMetricFamily, "claptrap_delivery_attempts", "Attempts to tell a receiver.", ["outcome"],
            [((outcome,), count) for outcome, count in service.counts.deliveries().items()],
        )  # fmt: skip
        yield from _of_receivers(service.receivers.all())
        yield from _of_sources(service.sources.all())
        yield from _of_vban(service)
        if service.cluster is not None:
            yield from _of_nodes(service.cluster.nodes())
            yield CounterMetricFamily(
                "claptrap_cluster_events_fenced",
                "Events dropped because another node had their source by then.",
                value=service.cluster.fenced,
            )


def _of_receivers(receivers: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    is_public = {(each["id"],): each["state"] == "open" for each in receivers}
    waiting = {(each["id"],): each["waiting"] for each in receivers}
    yield _family(
        GaugeMetricFamily, "claptrap_receiver_open", "Whether it is out of order, and only probed now and then.",
        ["receiver"], is_public.items(),
    )  # fmt: skip
    yield _family(
        GaugeMetricFamily, "claptrap_deliveries_waiting", "Detections that wait to be sent to it.",
        ["receiver"], waiting.items(),
    )  # fmt: skip


def _of_sources(sources: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    each: dict[tuple[str, ...], Mapping[str, Any]] = {(source["id"],): source for source in sources}

    def gauge(name: str, about: str, value: Mapping[tuple[str, ...], float]) -> Metric:
        return _family(GaugeMetricFamily, f"claptrap_source_{name}", about, ["source"], value.items())

    def counter(name: str, about: str, value: Mapping[tuple[str, ...], float]) -> Metric:
        return _family(CounterMetricFamily, f"claptrap_source_{name}", about, ["source"], value.items())

    status = {key: source["status"] for key, source in each.items()}
    yield _family(
        InfoMetricFamily, "claptrap_source", "What people call it, what it is, and the node that hears it.", ["source"],
        [
            (key, {"name": source["name"], "kind": source["kind"], "node": source["status"]["node"]})
            for key, source in each.items()
        ],
    )  # fmt: skip
    yield _family(
        GaugeMetricFamily, "claptrap_source_state", "1 for the state it is in.", ["source", "state"],
        [((*key, state.value), is_in["state"] == state) for key, is_in in status.items() for state in State],
    )  # fmt: skip
    yield gauge("enabled", "Whether it should be heard.", {key: source["enabled"] for key, source in each.items()})
    yield gauge("up", "Whether it is heard.", {key: is_in["state"] == State.LIVE for key, is_in in status.items()})
    yield gauge(
        "warned",
        "Whether something is said to be wrong with it.",
        {key: bool(is_in["code"]) for key, is_in in status.items()},
    )
    heard = {key: is_in["last_heard"] for key, is_in in status.items() if is_in["last_heard"] is not None}
    ages = {key: max(0.0, time.time() - at) for key, at in heard.items()}
    yield gauge("last_heard_age_seconds", "Time since its newest sample.", ages)
    levels = {key: source["level"] for key, source in each.items() if source["level"]}
    yield gauge("peak_dbfs", "Its newest peak.", {key: level["peak_dbfs"] for key, level in levels.items()})
    yield gauge("rms_dbfs", "Its newest loudness.", {key: level["rms_dbfs"] for key, level in levels.items()})
    dropped = {key: is_in["dropped_hops"] for key, is_in in status.items()}
    yield counter("dropped_hops", "20 ms of sound each, lost because hearing fell behind.", dropped)
    missing = {key: is_in["missing_hops"] for key, is_in in status.items()}
    yield counter("missing_hops", "20 ms of sound each, that never arrived from a source that went on.", missing)
    for name, about in (
        ("claps", "Accepted claps."),
        ("vetoed", "What would be claps, but comes from a reference of the source."),
        ("detections", "Detections that were passed on to receivers."),
        ("retries", "Failures after which it was to be tried again."),
    ):
        yield counter(name, about, {key: source["counts"][name] for key, source in each.items()})


def _of_nodes(nodes: Sequence[NodeView]) -> Iterator[Metric]:
    for kind, name, about, values in (
        (GaugeMetricFamily, "up", "Whether it answers.", {n.name: n.state in ("ready", "draining") for n in nodes}),
        (GaugeMetricFamily, "capacity", "Movable sources that it hears at most now.", {n.name: n.capacity for n in nodes}),
        (GaugeMetricFamily, "sources", "Sources that it hears.", {n.name: len(n.sources) for n in nodes}),
        (GaugeMetricFamily, "cpu_cores", "Cores that it uses.", {n.name: n.cpu for n in nodes}),
        (
            GaugeMetricFamily, "clock_offset_seconds", "What its clock lacks to be as far as the server's.",
            {n.name: n.clock_offset_s for n in nodes if n.clock_offset_s is not None},
        ),
        (CounterMetricFamily, "moves", "Sources that it took from another node.", {n.name: n.moves for n in nodes}),
        (GaugeMetricFamily, "events_waiting", "Events that wait for NATS.", {n.name: n.waiting_events for n in nodes}),
        (CounterMetricFamily, "events_lost", "Events that it could not keep.", {n.name: n.lost_events for n in nodes}),
    ):  # fmt: skip
        yield _family(kind, f"claptrap_node_{name}", about, ["node"], [((node,), value) for node, value in values.items()])
    yield _family(
        InfoMetricFamily, "claptrap_node", "Its ClapTrap, and its state.", ["node"],
        [((n.name,), {"version": n.version, "state": n.state}) for n in nodes],
    )  # fmt: skip


def _of_vban(service: Application) -> Iterator[Metric]:
    vban = service.inputs.vban
    streams, ports = vban.stream_counts(), vban.port_counts()
    packets: Counter[tuple[str, ...]] = Counter()  # of all sources that hear the stream
    refused: Counter[tuple[str, ...]] = Counter()
    for stream in streams:
        key = (stream.host, stream.stream, str(stream.port))
        packets.update({(*key, outcome): count for outcome, count in stream.counts.items()})
        refused.update({(*key, reason): count for reason, count in stream.refused.items()})
    labels = ["host", "stream", "port"]
    yield _family(
        CounterMetricFamily, "claptrap_vban_packets", "What became of a stream's packets.", [*labels, "outcome"],
        packets.items(),
    )  # fmt: skip
    yield _family(
        CounterMetricFamily, "claptrap_vban_packets_refused", "Packets that could not be used.", [*labels, "reason"],
        refused.items(),
    )  # fmt: skip
    for name, about in (
        ("datagrams", "Datagrams that arrived on a port."),
        ("kernel_drops", "Datagrams lost in the kernel."),
        ("over_ceiling", "Datagrams beyond what a port may cost."),
        ("table_full", "Packets of streams beyond those that are remembered."),
    ):
        counts = [((str(port.port),), getattr(port, name)) for port in ports]
        yield _family(CounterMetricFamily, f"claptrap_vban_port_{name}", about, ["port"], counts)
    yield _family(
        CounterMetricFamily, "claptrap_vban_port_refused", "Datagrams that could not be used.", ["port", "reason"],
        [((str(port.port), reason), count) for port in ports for reason, count in port.refused.items()],
    )  # fmt: skip


def _family(
    kind: type[Any], name: str, about: str, labels: Sequence[str], values: Iterable[tuple[tuple[str, ...], Any]]
) -> Metric:
    """Return a family of metrics with a value for each tuple of labels."""
    family = kind(name, about, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family  # type: ignore[no-any-return]  # kind is one of the library's families
