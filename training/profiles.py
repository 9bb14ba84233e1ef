"""The rule of profiles: what the likeness of a candidate to given claps is worth. ``python -m training.profiles --help``.

The heads and the embedded model stay as they ship. Scenes are rendered, every candidate's hidden layers are kept, and each
person with enough claps is enrolled in turn, a few claps at a time: what is learnt is how log-odds and similarities together
tell that person's claps in *other* recordings, and strangers' claps, from look-alikes. One logistic regression per decision.
Judged with the person left out; the rule that ships has learnt from all.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from claptrap.audio.frame import RATE_HZ
from claptrap.detect.embedding import LAYERS, POINTS, YAMNET_LAYERS, models_version
from claptrap.detect.matching import COMPARED, MOST_COUNTED
from claptrap.detect.yamnet import load_yamnet
from training.candidates import candidates, is_unlearnt_snap
from training.layers import LEAST_LOG_ODDS, Heard, Layer, heard
from training.recordings import FloatArray
from training.weights import write

SHIPPED = Path(__file__).parent.parent / "src" / "claptrap" / "detect" / "weights"
SEED = 101
THROUGH, BED_LEVEL = "alike", 0.02  # look-alikes through the channels of the scenes of claps: for heads, not for rules
GIVEN = (1, 2, 3, 5, 8)  # claps that are enrolled
DRAWS = 2
LEAST_CLAPS, LEAST_OTHERS = 6, 3  # of a person beside those enrolled, and recordings they must come from
STRANGERS = 150  # claps of others, beside each person's; together they count as much
STRANGERS_WEIGHT = 3.0  # of strangers' claps, to the enrolled person's
FLOOR_SHARE = 0.87  # of the false alarms may come from what the models say alone: strangers keep that
SNAP_WEIGHT = 0.2  # of finger snaps that are counted apart: who learns them loses strangers' claps (see README)
NEVER_LEARNT_WEIGHT = 2.0  # of people whom the heads have not learnt: their log-odds are those of strangers
# False alarms an hour among look-alikes, mean over those enrolled, that each layer may cost at a score of 0.5 …
LAST_FA, DECISIVE_FA, ALONE_FA, ALONE_DECISIVE_FA = 5.0, 1.2, 4.0, 1.0  # … and where a score is decisive
GIVEN_UP = 0.003  # share of the enrolled person's claps that each early rejection may cost
MARK = (0.55, 16.0)  # similarity to a mark from which log-odds are taken away, and how many at 1 (see README)


def scenes(renderer: ModuleType, recordings: Path, work: Path, known: set[str]) -> Iterator[Path]:
    """Render the scenes that are not in ``work`` yet; yield the path of each."""
    everything = renderer.Recordings(recordings)
    unknown = renderer.Recordings(recordings)
    unknown.files = lambda kind: [p for p in everything.files(kind) if f"{kind}/{p.name}" not in known]

    def alike(of: Any, seed: int, minutes: float) -> Callable[[], tuple[FloatArray, dict[str, Any]]]:
        return lambda: renderer.negative_scene(of, [("neg", 1)], minutes, seed, (-26, -3), True, (0.3, 2))

    def over(bed: str, seed: int) -> tuple[FloatArray, dict[str, Any]]:
        x, truth = renderer.negative_scene(everything, [("neg", 1)], 30, seed, (-16, -6), True, (0.3, 2))
        x = x + BED_LEVEL * renderer.background(everything, bed, len(x), seed + 77)
        return np.clip(x * 0.5 / np.percentile(np.abs(x), 99.95), -1, 1).astype(np.float32), truth

    def telephone() -> tuple[FloatArray, dict[str, Any]]:
        x, truth = renderer.negative_scene(everything, [("neg", 1)], 30, SEED + 600, (-26, -3), True, (0.3, 2))
        return renderer.mu_law_8k(x), truth

    made: dict[str, Callable[[], tuple[FloatArray, dict[str, Any]]]] = {
        "hard": alike(everything, SEED + 60, 80),
        "hardnew": alike(unknown, SEED + 70, 40),
        "clean": lambda: renderer.clap_scene(everything, SEED),
        "reverb": lambda: renderer.clap_scene(everything, SEED + 10, reverb=True),
        "cam8k": lambda: renderer.clap_scene(everything, SEED + 20, cam8k=True),
    }
    for i, bed in enumerate(("music", "babble", "noise")):
        made[f"{bed}10"] = lambda bed=bed, i=i: renderer.clap_scene(everything, SEED + 30 + 10 * i, bed, 10)
        made[f"{THROUGH}{bed}10"] = lambda bed=bed, i=i: over(bed, SEED + 610 + i)
    made[f"{THROUGH}cam8k"] = telephone
    for name, make in made.items():
        path = work / f"{name}-{SEED}.json"
        if not path.exists():
            x, truth = make()
            sf.write(path.with_suffix(".wav"), x, RATE_HZ, subtype="PCM_16")
            path.write_text(json.dumps({"seconds": len(x) / RATE_HZ, **truth}))
        yield path.with_suffix(".wav")


@dataclass(frozen=True, slots=True)
class EnrolledPerson:
    """One person enrolled: inputs of the rule for their other claps, for strangers' claps and for look-alikes."""

    who: str
    scene: str
    own: FloatArray
    strangers: FloatArray
    alike: FloatArray


class Decision:
    """One decision, and the enrolments for its rule."""

    def __init__(self, number: int, layers: list[Layer], found: list[Heard]) -> None:
        self.number = number
        self._layers = [layers[i] for i in COMPARED[number]]
        self._claps = [h for h in found if h.is_clap]
        alike = [h for h in found if not h.is_clap]
        self.hours = sum(h.hours for h in alike)
        kept = [
            (h.log_odds[:, number] > LEAST_LOG_ODDS) & ~(h.name.startswith("hardnew") & is_unlearnt_snap(h.event))
            for h in alike
        ]
        self._alike_log_odds = np.concatenate([h.log_odds[k, number] for k, h in zip(kept, alike, strict=True)])
        self._alike = [
            np.concatenate([layer.direction(h)[k] for k, h in zip(kept, alike, strict=True)]) for layer in self._layers
        ]
        self.is_snap = is_unlearnt_snap(np.concatenate([h.event[k] for k, h in zip(kept, alike, strict=True)]))

    def enrolments(self, given: int, rng: np.random.Generator) -> Iterator[EnrolledPerson]:
        """Enrol every person with enough claps ``given`` claps of theirs, ``DRAWS`` times in every scene."""
        for h in self._claps:
            vectors, odds = [layer.direction(h) for layer in self._layers], h.log_odds[:, self.number]
            for who, n in sorted(Counter(h.who.tolist()).items()):
                mine = np.flatnonzero(h.who == who)
                if n < given + LEAST_CLAPS or len(set(h.group[mine])) <= LEAST_OTHERS:
                    continue
                for _ in range(DRAWS):
                    drawn = rng.permutation(mine)[:given]
                    others = mine[~np.isin(h.group[mine], h.group[drawn])]
                    if len(set(h.group[others])) < LEAST_OTHERS:
                        continue
                    strangers = rng.permutation(np.flatnonzero(h.who != who))[:STRANGERS]
                    enrolled = [v[drawn] for v in vectors]
                    yield EnrolledPerson(
                        who,
                        h.name.split("-")[0],
                        _inputs(enrolled, [v[others] for v in vectors], odds[others]),
                        _inputs(enrolled, [v[strangers] for v in vectors], odds[strangers]),
                        _inputs(enrolled, self._alike, self._alike_log_odds),
                    )


def _inputs(enrolled: list[FloatArray], vectors: list[FloatArray], log_odds: FloatArray) -> FloatArray:
    """Return what ``DecisionRule.weights`` weigh, (n, 3 + 4 · layers), of vectors in each layer that is compared."""
    similar = []
    for given, some in zip(enrolled, vectors, strict=True):
        centre = given.mean(axis=0)
        centre /= np.linalg.norm(centre) + 1e-9
        similar += [(some @ given.T).max(axis=1), some @ centre]
    n = np.full(len(log_odds), np.log(min(len(enrolled[0]), MOST_COUNTED)))
    by_count = [one * n for one in similar]
    return np.stack([np.maximum(log_odds, 0), np.minimum(log_odds, 0), *similar, *by_count, n], axis=1)


def learnt(decision: Decision, enrolments: list[EnrolledPerson], strangers_to_heads: set[str]) -> FloatArray:
    """Return the weights and the constant of a logistic regression of claps against look-alikes, both sides equal."""
    alike_weight = np.where(decision.is_snap, SNAP_WEIGHT, 1.0)
    x, y, w = [], [], []
    n_of = Counter(enrolment.who for enrolment in enrolments)
    for enrolment in enrolments:
        times = (NEVER_LEARNT_WEIGHT if enrolment.who in strangers_to_heads else 1.0) / np.sqrt(n_of[enrolment.who])
        x += [enrolment.own, enrolment.strangers, enrolment.alike]
        y += [np.ones(len(enrolment.own) + len(enrolment.strangers)), np.zeros(len(enrolment.alike))]
        w += [
            np.full(len(enrolment.own), times / len(enrolment.own)),
            np.full(len(enrolment.strangers), STRANGERS_WEIGHT * times / len(enrolment.strangers)),
            (1 + STRANGERS_WEIGHT) * times * alike_weight / alike_weight.sum(),
        ]
    return _logistic(np.concatenate(x), np.concatenate(y), np.concatenate(w))


def _logistic(x: FloatArray, y: FloatArray, w: FloatArray, decay: float = 1e-4) -> FloatArray:
    """Weighted logistic regression by Newton's method: (d + 1,), the constant last."""
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-6
    a = np.concatenate([(x - mean) / deviation, np.ones((len(x), 1))], axis=1)
    w = w / w.sum()
    b, ridge = np.zeros(a.shape[1]), np.diag([decay] * x.shape[1] + [0.0])
    for _ in range(25):
        p = 1 / (1 + np.exp(-np.clip(a @ b, -30, 30)))
        b -= np.linalg.solve((a * (w * p * (1 - p) + 1e-12)[:, None]).T @ a + ridge, a.T @ (w * (p - y)) + ridge @ b)
    slopes = b[:-1] / deviation
    return np.concatenate([slopes, [b[-1] - mean @ slopes]])


@dataclass(frozen=True, slots=True)
class Fitted:
    """A rule, as ``claptrap.detect.matching.DecisionRule`` has it."""

    weights: FloatArray
    floor: float

    def log_odds(self, inputs: FloatArray) -> FloatArray:
        """(n,) of (n, d) inputs."""
        return np.maximum(inputs @ self.weights[:-1] + self.weights[-1], _plain(inputs) - self.floor)


def _plain(inputs: FloatArray) -> FloatArray:
    """Return the log-odds by the models alone: the first two inputs are their positive and their negative part."""
    return inputs[:, 0] + inputs[:, 1]


def fitted(decision: Decision, enrolments: list[EnrolledPerson], strangers_to_heads: set[str], per_hour: float) -> Fitted:
    """Return the rule that takes ``per_hour`` look-alikes for claps, ``FLOOR_SHARE`` of them by the models alone."""
    weights = learnt(decision, enrolments, strangers_to_heads)
    alike = np.concatenate([enrolment.alike[~decision.is_snap] for enrolment in enrolments])
    floor = _exceeded(_plain(alike), FLOOR_SHARE * per_hour, decision, enrolments)
    without = np.where(_plain(alike) > floor, np.inf, alike @ weights[:-1] + weights[-1])
    weights[-1] -= _exceeded(without, per_hour, decision, enrolments)
    return Fitted(weights, floor)


def _exceeded(log_odds: FloatArray, per_hour: float, decision: Decision, enrolments: list[EnrolledPerson]) -> float:
    """Return the log-odds that so many look-alikes an hour exceed, mean over enrolments."""
    return float(np.sort(log_odds)[::-1][round(per_hour * decision.hours * len(enrolments))])


def decisive(decision: Decision, rule: Fitted, enrolments: list[EnrolledPerson], per_hour: float) -> tuple[float, float]:
    """Return the log-odds below and above which a score is decisive."""
    alike = np.concatenate([rule.log_odds(enrolment.alike[~decision.is_snap]) for enrolment in enrolments])
    low = float(np.quantile(np.concatenate([rule.log_odds(enrolment.own) for enrolment in enrolments]), GIVEN_UP))
    return min(low, -1.0), max(_exceeded(alike, per_hour, decision, enrolments), 0.2)


def judged(decision: Decision, enrolments: list[EnrolledPerson], strangers_to_heads: set[str]) -> dict[str, str]:
    """Return recall at 10, 5 and 2 look-alikes an hour: of those enrolled and of strangers, without and with the profile.

    Every person is left out of what is learnt once; mean over people.
    """
    found: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for per_hour in (10, 5, 2):
        for who in sorted({enrolment.who for enrolment in enrolments}):
            rule = fitted(
                decision, [enrolment for enrolment in enrolments if enrolment.who != who], strangers_to_heads, per_hour
            )
            for enrolment in (enrolment for enrolment in enrolments if enrolment.who == who):
                for name, score in (("without", _plain), ("with", rule.log_odds)):
                    at = np.sort(score(enrolment.alike[~decision.is_snap]))[::-1][int(per_hour * decision.hours)]
                    for whose, inputs in (("own", enrolment.own), ("strangers", enrolment.strangers)):
                        found[f"{enrolment.scene} {whose} {name}", str(per_hour)][who].append(
                            float((score(inputs) > at).mean())
                        )
    rows: dict[str, list[str]] = defaultdict(list)
    for (key, _), by_who in found.items():
        rows[key].append(f"{np.mean([np.mean(v) for v in by_who.values()]):.2f}")
    return {key: " / ".join(values) for key, values in sorted(rows.items())}


def learnt_before() -> tuple[set[str], set[str]]:
    """Return the recordings that the shipped heads have learnt, and the people in them."""
    names = {line.split(",")[0] for line in (Path(__file__).parent / "manifest.csv").read_text().splitlines()[1:]}
    return names, {Path(name).name.split("__")[0] for name in names if name.startswith("claps/")}


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m training.profiles", description=__doc__)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("yamnet", type=Path)
    parser.add_argument("renderer", type=Path, help="the evaluation's scenes.py")
    parser.add_argument("--work", type=Path, default=Path("training/work/profiles"))
    parser.add_argument("--without", default="", help="people who are not enrolled, comma-separated: to be judged on")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    spec = importlib.util.spec_from_file_location("renderer", args.renderer)
    assert spec is not None
    assert spec.loader is not None
    renderer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(renderer)
    learnt_files, known = learnt_before()
    yamnet = load_yamnet(args.yamnet)
    rendered = list(scenes(renderer, args.recordings, args.work, learnt_files))
    for wav in rendered:
        candidates(wav, yamnet)  # kept, for all that learns from them
    found = [heard(wav, yamnet) for wav in rendered if not wav.stem.startswith(THROUGH)]
    strangers = {who for h in found for who in h.who.tolist()} - known
    left_out = set(filter(None, args.without.split(",")))
    layers = [Layer(number, found, left_out) for number in range(LAYERS)]
    arrays: dict[str, NDArray[Any]] = {
        "mark": np.array([MARK] * LAYERS, np.float32),
        "models": np.array(models_version()),
    }
    for layer in layers:
        arrays |= {
            f"mean{layer.number}": layer.mean.astype(np.float16),
            f"axes{layer.number}": layer.axes.astype(np.float16),
        }
    floors, bounds, report = [], [], {}
    for number in range(LAYERS):
        decision, rng = Decision(number, layers, found), np.random.default_rng(number)
        by_given = {given: list(decision.enrolments(given, rng)) for given in GIVEN}
        enrolments = [enrolment for some in by_given.values() for enrolment in some if enrolment.who not in left_out]
        at, decisive_at = (ALONE_FA, ALONE_DECISIVE_FA) if number < POINTS else (LAST_FA, DECISIVE_FA)
        rule = fitted(decision, enrolments, strangers, at)
        floors.append(rule.floor)
        bounds.append(decisive(decision, rule, enrolments, decisive_at))
        arrays[f"weights{number}"] = rule.weights.astype(np.float32)
        print(number, np.round(rule.weights, 2), round(rule.floor, 2), np.round(bounds[-1], 2), flush=True)
        if number in (POINTS - 1, *YAMNET_LAYERS.values()) and not left_out:
            report[f"decision {number}"] = judged(decision, by_given[5], strangers)
            print(json.dumps(report[f"decision {number}"], indent=1), flush=True)
    arrays |= {"floor": np.array(floors, np.float32), "decisive": np.array(bounds, np.float32)}
    print(f"{args.out}: profile.npz {write(args.out / 'profile.npz', arrays) / 1000:.0f} kB")
    (args.work / "judged.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
