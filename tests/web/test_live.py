"""Socket.IO: a page that opens is told everything, and then all that happens."""

from __future__ import annotations

import asyncio
import base64
import queue
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import socketio
from tests.peers.receiver import Receiver, answer
from tests.web.conftest import WAIT_S, Served, clap, serving

from claptrap.core.events import Heard, Level, SourceStatus, State, Verdict
from claptrap.runtime.hub import News
from claptrap.runtime.worker import Worker
from claptrap.service import Application
from claptrap.web.live import LEVELS_EVERY_S, ChangedStatuses, LevelBatcher
from claptrap.web.spectrogram_subscriptions import MAX_WATCHED
from claptrap.web.wire import Message, message

EVENTS = (
    *("state", "clap", "source", "delivery", "labels", "verdict", "level", "detection_status", "settings", "model"),
    *("problems", "clip", "picture", "mqtt", "learning"),
)


class Page:
    """A Socket.IO client, in an event loop and thread of its own, that keeps everything it is told, in order."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, path: str = "socket.io") -> None:
        self._path = path
        self._headers = dict(headers or {})
        self.gone = threading.Event()
        self._told: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test:page")
        self._thread.start()
        self._client = self._do(self._open(url))

    def next(self, event: str) -> Any:
        """Return the data of the next ``event``; what comes before it is passed over."""
        return self.until(event)[-1][1]

    def until(self, event: str) -> list[tuple[str, Any]]:
        """Return everything up to the next ``event``, which is the last."""
        deadline = time.monotonic() + WAIT_S
        told: list[tuple[str, Any]] = []
        while not told or told[-1][0] != event:
            told.append(self._told.get(timeout=max(0.001, deadline - time.monotonic())))
        return told

    def ask(self, event: str, data: Any) -> Any:
        """Tell the server something and return its answer."""
        return self._do(self._client.call(event, data, timeout=WAIT_S))

    def emit(self, event: str, data: Any) -> None:
        """Tell the server something."""
        self._do(self._client.emit(event, data))

    def say(self, raw: str | bytes) -> None:
        """Send a message as it is, whatever Socket.IO would make of it."""
        self._do(self._client.eio.send(raw))

    def close(self) -> None:
        """Leave."""
        self._do(self._client.shutdown())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)

    async def _open(self, url: str) -> socketio.AsyncClient:
        client = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        for event in EVENTS:
            client.on(event, self._retention(event))
        client.on("disconnect", lambda *_: self.gone.set())
        await client.connect(url, self._headers, transports=["websocket"], socketio_path=self._path, wait_timeout=WAIT_S)
        return client

    def _retention(self, event: str) -> Callable[[Any], None]:
        return lambda data: self._told.put((event, data))


@contextmanager
def page(served: Served, **headers: str) -> Iterator[Page]:
    opened = Page(served.url, headers)
    try:
        yield opened
    finally:
        opened.close()


def test_a_page_is_told_everything_first_and_then_what_happens(served: Served) -> None:
    served.service.events.record(clap(0))
    with page(served) as told:
        state = told.next("state")
        assert [event["id"] for event in state["events"]] == ["salon:e:0"]
        assert state["events"][0]["labels"] == [{"label": "Clapping", "label_fr": "Battement de mains", "score": 0.8}]
        moving = {name: state[name] for name in ("now", "statuses", "recent", "days")}
        assert state == {**served.ask("GET", "/api/state").json, **moving}
        served.service.events.record(clap(1))
        news = told.next("clap")
        assert news == {
            "event_id": "salon:e:1",
            "source_id": "salon",
            "source_name": "Salon",
            "timestamp": 1_700_000_001.0,
            "score": 0.9,
            "claps": 1,
            "applause": False,
            "heard_by": [],
            "trigger": "",
            "trigger_name": "",
            "test": False,
            "latency_s": pytest.approx(0.1),
            "labels": [{"label": "Clapping", "label_fr": "Battement de mains", "score": 0.8}],
        }


def test_a_disk_that_fills_is_told_to_pages_that_are_open_and_so_is_room(served: Served) -> None:
    """Whoever watches learns it, not only who opens the page afterwards."""
    with page(served) as told:
        assert told.next("state")["problems"] == []
        db = served.service.journal._db
        db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}").fetchone()
        for i in range(500):
            served.service.events.record(clap(i))
            if served.service.journal.problems():
                break
        (problem,) = told.next("problems")
        assert problem["code"] == "history.unwritable"
        assert "full" in problem["message_en"]
        served.service.maintain()  # as its thread does every half-minute; the new connection has no bound
        assert told.next("problems") == []


def test_who_was_too_slow_for_the_news_is_told_everything_anew(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was dropped may have been the last word on something, and is not said a second time."""
    slow, held, let_go = Heard("salon", 0.0, ()), threading.Event(), threading.Event()

    def slowly(news: News) -> Message | None:
        if news is slow:
            held.set()
            assert let_go.wait(WAIT_S)
        return message(news)

    monkeypatch.setattr("claptrap.web.live.message", slowly)
    with page(served) as told:
        assert told.next("state")["running"] is True
        served.service.hub.publish(slow)
        assert held.wait(WAIT_S)
        served.service.stop_detection()
        for _ in range(1001):  # as many as wait for a page, and one more
            served.service.hub.publish(Heard("salon", 1.0, ()))
        let_go.set()
        assert told.next("state")["running"] is False


def test_levels_of_real_sound_come_live(served: Served) -> None:
    with page(served) as told:
        level = told.next("level")
        while level[0]["peak_dbfs"] == -120:
            level = told.next("level")
        assert level[0]["source_id"] == "salon"
        assert level[0]["peak_dbfs"] == pytest.approx(-12.0, abs=1.0)
        assert level[0]["rms_dbfs"] == pytest.approx(-15.0, abs=1.0)


def test_sounds_are_named_while_a_page_is_open_and_not_for_nobody(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Naming costs; also after detection was stopped and started, it is as the pages want it."""
    said: queue.Queue[bool] = queue.Queue()
    attend = Worker.attend

    def listen(worker: Worker, *, is_watched: bool) -> None:
        said.put(is_watched)
        attend(worker, is_watched=is_watched)

    monkeypatch.setattr(Worker, "attend", listen)
    served.service.stop_detection()
    served.service.start_detection()
    assert said.get(timeout=WAIT_S) is False
    with page(served) as one:
        one.next("state")
        with page(served) as two:
            two.next("state")
        assert [said.get(timeout=WAIT_S) for _ in range(3)] == [True, True, True]
    assert said.get(timeout=WAIT_S) is False


def test_verdicts_labels_and_states(served: Served) -> None:
    with page(served) as told:
        told.next("state")
        served.service.status.offer(Verdict("salon", 5.0, 0.4, 0.5, accepted=False))
        assert told.next("verdict")["score"] == 0.4
        served.service.status.offer(Heard("salon", 6.0, (("Speech", 0.7),)))
        assert told.next("labels")["detected"] == [{"label": "Speech", "label_fr": "Parole", "score": 0.7}]
        served.ask("POST", "/api/detection/stop")
        assert told.next("source")["state"] in ("idle", "live")
        assert told.next("detection_status") == {"status": "stopped"}
        served.ask("POST", "/api/detection/start")
        assert told.next("detection_status") == {"status": "started"}


def test_pictures_of_sound_go_to_who_looks_and_to_nobody_else(served: Served) -> None:
    """A page that left, or looks elsewhere, costs nothing; nor can pages ask for more than can be borne."""
    with page(served) as other:
        other.next("state")
        with page(served) as told:
            assert told.ask("watch", {"source": "salon"})["code"] == ""
            picture = told.next("picture")
            assert picture["source_id"] == "salon"
            assert len(base64.b64decode(picture["columns"])) == 5 * 41
            assert served.service.detection.shown == {"salon"}
            told.ask("watch", {"source": ""})
            assert served.service.detection.shown == frozenset()
            for nonsense in (None, [], {"source": 3}, {"source": "x" * 65}):
                assert told.ask("watch", nonsense)["code"] == ""
            told.ask("watch", {"source": "salon"})
            lookers = [Page(served.url) for _ in range(MAX_WATCHED)]
            answers = [looker.ask("watch", {"source": f"s{i}"})["code"] for i, looker in enumerate(lookers)]
            assert answers == [""] * (MAX_WATCHED - 1) + ["api.too_many_watched"]
            for looker in lookers:
                looker.close()
        deadline = time.monotonic() + WAIT_S
        while served.service.detection.shown:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        served.service.status.offer(Verdict("salon", 5.0, 0.4, 0.5, accepted=False, code="verdict.below"))
        told_all = [name for name, _ in other.until("verdict")]
        assert "picture" not in told_all


def test_two_pages_agree(served: Served) -> None:
    """What one page changes the other shows, and one that opens later sees the same."""
    with page(served) as one, page(served) as other:
        one.next("state")
        other.next("state")
        changed = served.ask("PATCH", "/api/settings", {"language": "en", "sources": [{"id": "salon", "delay_s": 2.0}]}).json
        assert one.next("settings") == changed
        assert other.next("settings") == changed
        served.service.events.record(clap(0))
        assert one.next("clap") == other.next("clap")
    with page(served) as later:
        assert later.next("state")["settings"] == changed


def test_the_test_button_ends_with_its_outcome(served: Served) -> None:
    with Receiver(answer(204), then=answer(500)) as receiver, page(served) as told:
        webhook = {"id": "webhook", "url": receiver.url, "max_attempts": 1}
        served.ask("PATCH", "/api/settings", {"sources": [{"id": "salon", "webhooks": [webhook]}]})
        sent = served.ask("POST", "/api/sources/salon/webhook/test")
        assert sent.status == 202
        outcome = told.next("delivery")
        assert (outcome["event_id"], outcome["ok"], outcome["status"]) == (sent.json["event_id"], True, 204)
        served.ask("POST", "/api/sources/salon/webhook/test")
        outcome = told.next("delivery")
        assert (outcome["ok"], outcome["status"], outcome["code"]) == (False, 500, "delivery.server_error")
        assert "500" in outcome["message_fr"]
        assert receiver.wait_for(2)[0].json["test"] is True


def test_a_page_that_floods_is_cut_off_and_the_others_live_on(served: Served) -> None:
    with page(served) as good:
        good.next("state")
        with page(served) as flood:
            flood.emit("anything", "x" * 200_000)
            assert flood.gone.wait(WAIT_S)
        served.service.events.record(clap(3))
        assert good.next("clap")["event_id"] == "salon:e:3"


@pytest.mark.parametrize("is_torn", [False, True])
@pytest.mark.slow
def test_the_model_comes_while_the_service_runs(data_dir: Path, quiet_models: Path, shared: Path, is_torn: bool) -> None:
    """A missing YAMNet, or a damaged one, is fetched in the background; pages see it come, and the running judge uses it."""
    file = (shared / "models" / "yamnet.tflite").read_bytes()
    if is_torn:
        quiet_models.mkdir()
        (quiet_models / "yamnet.tflite").write_bytes(file[:-1] + b"?")
    gate = threading.Event()
    with Receiver(then=gated(file, gate)) as store:
        service = Application(data_dir, yamnet_url=store.url)
        with serving(service) as served, page(served) as told:
            state = told.next("state")
            assert state["labels"] is False
            assert [problem["code"] for problem in state["problems"]] == (["model.wrong"] if is_torn else [])
            gate.set()
            progress = told.next("model")
            while not progress["in_use"]:
                assert progress["code"] == ""
                assert progress["size_bytes"] == len(file)
                progress = told.next("model")
            assert told.next("labels")["source_id"] == "salon"
            state = served.ask("GET", "/api/state").json
            assert (state["labels"], state["problems"]) == (True, [])
    assert (quiet_models / "yamnet.tflite").read_bytes() == file


def test_a_model_that_cannot_be_fetched_is_said_on_the_page(data_dir: Path, quiet_models: Path) -> None:
    assert not quiet_models.exists()
    with Receiver(then=answer(404)) as store:
        service = Application(data_dir, yamnet_url=store.url)
        with serving(service) as served, page(served) as told:
            state = told.next("state")
            progress = state["model"] or told.next("model")
            assert progress["code"] == "model.status"
            assert "404" in progress["message_fr"]
            assert progress["retry_in_s"] > 0
            assert served.ask("GET", "/healthz").json["ok"] is True


def test_levels_are_told_together_and_not_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("claptrap.web.live.time.monotonic", lambda: now)
    levels = LevelBatcher()
    assert levels.pop_due() == []
    levels.add([as_data(Level(source, peak, -30.0)) for source, peak in (("a", -10.0), ("b", -20.0))])
    ((event, data),) = levels.pop_due()
    assert (event, [one["source_id"] for one in data]) == ("level", ["a", "b"])
    levels.add([as_data(Level("a", -5.0, -30.0))])
    levels.add([as_data(Level("a", -50.0, -60.0))])
    assert levels.pop_due() == []
    assert levels.due_in_s() == pytest.approx(LEVELS_EVERY_S)
    now += LEVELS_EVERY_S
    assert levels.pop_due() == [("level", [{"source_id": "a", "peak_dbfs": -5.0, "rms_dbfs": -60.0}])]


def test_a_status_that_says_no_more_than_the_last_is_not_sent() -> None:
    """It comes with every second of sound, of every source."""
    statuses = ChangedStatuses()
    live = SourceStatus("a", State.LIVE, last_heard=1.0)
    assert statuses.is_new(live)
    assert not statuses.is_new(replace(live, last_heard=2.0))
    assert statuses.is_new(replace(live, last_heard=3.0, missing_hops=1))
    assert statuses.is_new(replace(live, source_id="b"))
    statuses.forget()
    assert statuses.is_new(replace(live, missing_hops=1))


def test_a_page_that_comes_soon_after_the_last_sees_each_change(served: Served) -> None:
    """While no page was open the source failed; that it is well again differs from the state that the new page got."""
    served.service.stop_detection()  # which would say how the source is, in between
    well, failed = (SourceStatus("salon", state) for state in (State.LIVE, State.FAILED))
    with page(served) as told:
        told.next("state")
        served.service.status.offer(well)
        while told.next("source")["state"] != "live":
            pass
    served.service.status.offer(failed)
    with page(served) as told:
        told.next("state")
        served.service.status.offer(well)
        assert told.next("source")["state"] == "live"


def as_data(level: Level) -> dict[str, Any]:
    return {"source_id": level.source_id, "peak_dbfs": level.peak_dbfs, "rms_dbfs": level.rms_dbfs}


def gated(body: bytes, gate: threading.Event) -> Any:
    """Answer with ``body`` once ``gate`` is set."""

    def behave(connection: Any, ended: threading.Event) -> None:
        gate.wait(WAIT_S)
        answer(200, body)(connection, ended)

    return behave


def test_what_is_no_socket_io_is_told_briefly_and_costs_nothing(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """Packets of no kind, broken JSON, parts that never come, no events: one line a second, and the others live on."""
    with page(served) as bad, page(served) as good:
        good.next("state")
        for rubbish in [
            "9",
            "2[",
            '512345-["micro_sound"]',
            "5-",
            b"bytes without a beginning",
            "2" * 300,
            '451-["x"]',
            "51-" + "x" * 600,
            "2",
            "2{}",
            "2[]",
            "2[1]",
            '2["connect"]',
            '2["disconnect"]',
            "2" + "[" * 5_000,
        ]:
            bad.say(rubbish)
        served.service.events.record(clap(3))
        assert good.next("clap")["event_id"] == "salon:e:3"
        assert bad.next("clap")["event_id"] == "salon:e:3"
    told = [record for record in caplog.records if "malformed" in record.getMessage()]
    assert 1 <= len(told) <= 3
    assert not any(record.exc_info for record in caplog.records)
