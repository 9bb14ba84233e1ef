"""A house that is made up, to be looked at: twelve sources of all kinds, two of them broken, and a week of history."""

from __future__ import annotations

import json
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from claptrap.core.spec import SourceSpec
from claptrap.service import Application
from claptrap.sources.base import Source
from claptrap.sources.file import FileSource
from claptrap.sources.registry import Sources
from tests.peers.claps import GOOD, clap
from tests.peers.receiver import Receiver
from tests.web.conftest import Served, serving
from tests.web.conftest import clap as detection

RATE_HZ = 16_000
HOUR_S = 3600
RHYTHM = [0.25, 0.12, 0.12, 0.25, 0.5, 0.25]  # shave and a haircut
CAMERA = {"url": "rtsp://192.0.2.20:554/stream1"}
STREAM = {"host": "192.0.2.31", "stream": "Atelier"}
# id, kind, what it listens to, French and English name and room, seconds between its claps (0: not heard), claps in a row
PLAN: tuple[tuple[str, str, dict[str, Any], str, str, str, str, float, int], ...] = (
    ("living", "microphone", {}, "Salon", "Living room", "Rez-de-chaussée", "Ground floor", 17, 2),
    ("kitchen", "browser", {}, "Cuisine", "Kitchen", "Rez-de-chaussée", "Ground floor", 29, 1),
    ("entrance", "rtsp", CAMERA, "Entrée", "Entrance", "Rez-de-chaussée", "Ground floor", 61, 1),
    ("office", "wyoming", {"uri": "tcp://192.0.2.40:10700"}, "Bureau", "Office", "Étage", "Upstairs", 37, 2),
    ("children", "browser", {}, "Chambre des enfants", "Children's room", "Étage", "Upstairs", 53, 1),
    ("bedroom", "microphone", {}, "Chambre", "Bedroom", "Étage", "Upstairs", 71, 1),
    ("workshop", "vban", STREAM, "Atelier", "Workshop", "Dehors", "Outside", 43, 1),
    ("garage", "rtsp", CAMERA, "Garage", "Garage", "Dehors", "Outside", 47, 1),
    ("yard", "rtsp", CAMERA, "Cour", "Yard", "Dehors", "Outside", 83, 1),
    ("garden", "rtsp", {"url": "rtsp://127.0.0.1:1/stream1"}, "Jardin", "Garden", "Dehors", "Outside", 0, 1),
    ("laundry", "file", {"path": "/nowhere/lost.wav"}, "Buanderie", "Laundry", "Dehors", "Outside", 0, 1),
    ("cellar", "rtsp", CAMERA, "Cave à vin", "Wine cellar", "Dehors", "Outside", 0, 1),
)
LABELS = ((("Clapping", 0.86), ("Hands", 0.61), ("Inside, small room", 0.22)), (("Door", 0.41), ("Slam", 0.33)), ())


@contextmanager
def demo_house(folder: Path, language: str, n_sources: int = len(PLAN), *, rooms: bool = True) -> Iterator[Served]:
    """Run the house in ``folder``; its names are French or English, and one of its receivers does not answer."""
    is_french = language == "fr"
    sources, sounds = [], {}
    for index, (source, kind, heard, french, english, floor, floor_en, every_s, row) in enumerate(PLAN[:n_sources]):
        room = {"room": floor if is_french else floor_en} if rooms else {}
        sources.append({"id": source, "kind": kind, "name": french if is_french else english, "input": heard, **room})
        if every_s:
            sounds[source] = folder / f"{source}.wav"
            _write_room(sounds[source], index, every_s, row)
    sources[-1]["enabled"] = n_sources < len(PLAN)
    settings = {"version": 3, "language": language, "welcomed": True, "sources": sources}
    (folder / "settings.json").write_text(json.dumps(settings), "utf-8")
    (folder / "availability.json").write_text(json.dumps(_availability(sources)), "utf-8")
    real = Sources()

    def build(spec: SourceSpec) -> Source:
        return FileSource(sounds[spec.id], loop=True) if spec.id in sounds else real.build(spec)

    app = Application(folder, build_source=build, dev=True)
    with Receiver() as lamp, serving(app) as served:
        _remember(served, sources)
        app.settings.apply(_receivers(lamp, sources, is_french=is_french))
        yield served
    real.stop()


def _write_room(path: Path, seed: int, every_s: float, row: int) -> None:
    """Write a room with claps, each row of them followed by one that is too soft to be sure of."""
    chance = np.random.default_rng(seed)
    n = round(every_s * RATE_HZ)
    noise = chance.normal(0, 10 ** chance.uniform(-3.4, -2.6), n)
    breath = 1 + 0.6 * np.sin(2 * np.pi * np.arange(n) / RATE_HZ / chance.uniform(3, 9))
    hum = 0.004 * np.sin(2 * np.pi * 100 * np.arange(n) / RATE_HZ) * (breath > 1)
    sound = noise * breath + hum
    at = chance.uniform(2, every_s / 2)
    for which, gain in enumerate([*[chance.uniform(0.2, 0.6)] * row, 0.008]):
        one = clap(np.random.default_rng(GOOD[(seed + which) % len(GOOD)]), RATE_HZ)
        begin = round((at + 0.4 * which + (3 if gain < 0.1 else 0)) * RATE_HZ)
        sound[begin : begin + len(one)] += gain * one[: n - begin]
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes((32_767 * np.clip(sound, -1, 1)).astype("<i2").tobytes())


def _availability(sources: list[dict[str, Any]]) -> dict[str, Any]:
    """Return that most were heard nearly always, and the broken ones since some hours no more."""
    hour = int(time.time() // HOUR_S)
    chance = np.random.default_rng(3)
    hours = {}
    for one in sources:
        shares = np.where(chance.random(24) < 0.06, chance.uniform(0.4, 0.9, 24), 1.0)
        if one["id"] in ("garden", "laundry"):
            shares[20 if one["id"] == "garden" else 15 :] = 0
        hours[one["id"]] = {hour - 23 + at: [HOUR_S * share, HOUR_S] for at, share in enumerate(shares)}
    return {"hours": hours, "weeks": {}}


def _remember(served: Served, sources: list[dict[str, Any]]) -> None:
    """Record a week of detections, mostly by day and in the evening; what a person said of some."""
    chance = np.random.default_rng(5)
    now = time.time()
    ids = []
    for number in range(260):
        one = sources[min(len(sources) - 1, int(chance.exponential(3)))]
        age_s = float(np.sort(chance.uniform(60, 7 * 24 * HOUR_S if number % 2 else 30 * HOUR_S, 2))[0])
        if time.localtime(now - age_s).tm_hour in range(7) or (one["id"] in ("garden", "laundry") and age_s < 9 * HOUR_S):
            continue
        event = replace(
            detection(number, one["id"]),
            source_name=one["name"],
            kind=one["kind"],
            timestamp=now - age_s,
            score=round(float(chance.uniform(0.52, 0.99)), 2),
            decided_s=1.0 + number + float(chance.uniform(0.08, 0.16)),
            claps=int(chance.choice([1, 1, 2])),
            labels=LABELS[int(chance.choice([0, 0, 0, 1, 2]))],
        )
        served.service.events.record(event)
        ids.append(event.id)
    for event_id in ids[::9]:
        mark = "not_clap" if event_id in ids[::18] else "clap"
        served.ask("PATCH", f"/api/history/{event_id}", {"mark": mark})


def _receivers(lamp: Receiver, sources: list[dict[str, Any]], *, is_french: bool) -> dict[str, Any]:
    """Return settings with receivers, two of them at one machine, and all sorts of reactions."""
    machine = f"127.0.0.1:{lamp.port}"
    begin, end = (f"{(time.localtime().tm_hour + hours) % 24:02}:00" for hours in (6, 8))  # not now
    quiet = {"name": "Sieste" if is_french else "Nap", "begin": begin, "end": end}
    living = {
        "id": "living",
        "patterns": [{"claps": 1, "at_least": False}, {"claps": 2, "at_least": False}],
        "webhooks": [
            {"id": "webhook", "url": f"http://{machine}/api/webhook/{'lampe' if is_french else 'lamp'}", "claps": [1]},
            {"id": "shutters", "url": f"http://{machine}/api/webhook/{'volets' if is_french else 'shutters'}", "claps": [2]},
        ],
        "sounds": [{"id": "dog", "name": "Chien" if is_french else "Dog", "labels": ["Dog", "Bark"]}],
        "rhythms": [{"id": "rhythm", "name": "Toc toc toc" if is_french else "Shave and a haircut", "intervals": RHYTHM}],
        "clips": True,
    }
    office = {
        "id": "office",
        "webhooks": [{"id": "webhook", "url": f"http://127.0.0.1:9/{'porte' if is_french else 'door'}", "max_attempts": 1}],
    }
    phone = {"id": "phone", "name": "Téléphone de Léa" if is_french else "Lea's phone", "url": f"json://{machine}/lea"}
    known = {one["id"] for one in sources}
    return {
        "sources": [one for one in (living, office) if one["id"] in known],
        "when": {"quiet": [quiet], "latitude": 48.86, "longitude": 2.35},
        "notify": [phone],
    }
