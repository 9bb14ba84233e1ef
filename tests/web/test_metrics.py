"""What Prometheus reads, read by its own parser."""

from __future__ import annotations

import sys
import time

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse
from tests.peers.ports import free_port
from tests.peers.vban import Sender, packets, sine
from tests.web.conftest import WAIT_S, Served, clap

from claptrap import __version__
from claptrap.core.events import Attempt, Clap
from claptrap.runtime.hub import Hub

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(served: Served) -> Samples:
    """Return every sample by name and labels; a name with the same labels twice is refused, as Prometheus does."""
    answer = served.ask("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["cache-control"] == "no-store"
    told = [(s.name, frozenset(s.labels.items()), s.value) for f in parse(answer.body.decode()) for s in f.samples]
    samples = {(name, labels): value for name, labels, value in told}
    assert len(samples) == len(told)
    return samples


def of(samples: Samples, name: str, /, **labels: str) -> float:
    return samples[f"claptrap_{name}", frozenset(labels.items())]


def has(samples: Samples, value: float, name: str, /, **labels: str) -> bool:
    return samples.get((f"claptrap_{name}", frozenset(labels.items()))) == value


def wait_for_sound(served: Served) -> Samples:
    deadline = time.monotonic() + WAIT_S
    while ("claptrap_source_rms_dbfs", frozenset({("source", "salon")})) not in (samples := read(served)):
        assert time.monotonic() < deadline
        time.sleep(0.02)  # not to be busy: the condition above is what is waited for
    return samples


def test_a_source_that_is_heard(served: Served) -> None:
    samples = wait_for_sound(served)
    assert of(samples, "info", version=__version__) == 1
    assert of(samples, "detection_running") == 1
    assert of(samples, "healthy") == 1
    assert of(samples, "source_info", source="salon", name="Salon", kind="file", node="") == 1
    assert of(samples, "source_up", source="salon") == 1
    assert of(samples, "source_enabled", source="salon") == 1
    assert of(samples, "source_warned", source="salon") == 0
    assert of(samples, "source_state", source="salon", state="live") == 1
    assert of(samples, "source_state", source="salon", state="retrying") == 0
    assert of(samples, "source_rms_dbfs", source="salon") == pytest.approx(-15, abs=0.5)
    assert of(samples, "source_peak_dbfs", source="salon") == pytest.approx(-12, abs=0.5)
    assert of(samples, "source_dropped_hops_total", source="salon") == 0
    assert of(samples, "source_missing_hops_total", source="salon") == 0


def test_what_happened_is_counted(served: Served) -> None:
    served.service.status.offer(Clap("salon", 1.0, 1.1, 1.7e9, 0.9))
    served.service.status.offer(Clap("salon", 1.2, 1.3, 1.7e9, 0.9))
    served.service.events.record(clap(0))
    served.service.status.offer(
        Attempt("e", "salon.webhook", "salon", "http://x", 1, 1.7e9, 0.1, 503, "delivery.status", {"status": 5})
    )
    samples = read(served)
    assert of(samples, "source_claps_total", source="salon") == 2
    assert of(samples, "source_detections_total", source="salon") == 1
    assert of(samples, "source_retries_total", source="salon") == 0
    assert of(samples, "delivery_attempts_total", outcome="given_up") == 1
    assert of(samples, "delivery_attempts_total", outcome="delivered") == 0
    assert of(samples, "news_dropped_total") == 0


def test_a_source_that_fails(served: Served) -> None:
    change = {"name": 'Le "salon"\\', "input": {"path": "/nowhere.wav"}}
    assert served.ask("PATCH", "/api/sources/salon", change).status == 200
    deadline = time.monotonic() + WAIT_S
    while of(samples := read(served), "source_state", source="salon", state="failed") != 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)  # not to be busy: the condition above is what is waited for
    assert of(samples, "source_info", source="salon", name='Le "salon"\\', kind="file", node="") == 1
    assert of(samples, "source_up", source="salon") == 0
    assert of(samples, "source_warned", source="salon") == 1
    assert of(samples, "source_retries_total", source="salon") == 1
    assert ("claptrap_source_rms_dbfs", frozenset({("source", "salon")})) not in samples


def test_a_source_that_is_gone_is_not_told_of(served: Served) -> None:
    served.ask("DELETE", "/api/sources/salon")
    assert not [labels for _, labels in read(served) if ("source", "salon") in labels]


def test_two_sources_of_one_vban_stream_share_its_row(served: Served) -> None:
    port = free_port()
    wish = {"kind": "vban", "name": "PC", "input": {"host": "127.0.0.1", "stream": "Mic", "port": port}}
    for _ in range(2):
        assert served.ask("POST", "/api/sources", wish).status == 201
    sent = packets(sine(seconds=0.1), name=b"Mic")
    deadline = time.monotonic() + WAIT_S
    with Sender(port) as sender:
        sender.send([b"VBAN", *sent])
        stream = {"host": "127.0.0.1", "stream": "Mic", "port": str(port), "outcome": "packets"}
        while not has(samples := read(served), len(sent) * 2, "vban_packets_total", **stream):
            assert time.monotonic() < deadline
            time.sleep(0.02)  # not to be busy: the condition above is what is waited for
    assert of(samples, "vban_port_datagrams_total", port=str(port)) == len(sent) + 1
    assert of(samples, "vban_port_kernel_drops_total", port=str(port)) == 0
    assert of(samples, "vban_port_refused_total", port=str(port), reason="vban.too_short") == 1


def test_openmetrics_for_who_asks_for_it(served: Served) -> None:
    answer = served.ask("GET", "/metrics", Accept="application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1")
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert "claptrap_source_up" in {family.name for family in parse_open(answer.body.decode())}


@pytest.mark.skipif(sys.platform != "linux", reason="the library reads the process's figures from /proc")
def test_the_process_s_own_figures(served: Served) -> None:
    samples = read(served)
    for name in (
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "process_open_fds",
        "process_start_time_seconds",
    ):
        assert samples[name, frozenset()] > 0


def test_dropped_news_stay_counted_when_their_subscriber_leaves() -> None:
    hub = Hub()
    with hub.subscribe(capacity=1) as slow, hub.subscribe():
        for sequence in range(3):
            hub.publish(clap(sequence))
        assert (slow.dropped, hub.dropped) == (2, 2)
    slow.close()
    assert hub.dropped == 2
