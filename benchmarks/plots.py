"""One plot for each kind of result, from the newest: ``python -m benchmarks.plots``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt  # after the backend is chosen
from matplotlib.axes import Axes  # likewise

from benchmarks.report import RESULTS, newest  # likewise

Spread = Mapping[str, Any]  # median and range
mpl.rcParams.update(
    {"svg.hashsalt": "claptrap", "svg.fonttype": "none", "axes.grid": True, "grid.alpha": 0.3, "legend.fontsize": 8}
)


@contextmanager
def plot(name: str, title: str, n: int = 1) -> Iterator[list[Axes]]:
    """Yield ``n`` axes beside each other; write them as ``NAME.svg``."""
    figure, axes = plt.subplots(1, n, figsize=(max(7.0, 4.6 * n), 4.2), layout="constrained", squeeze=False)
    yield list(axes[0])
    figure.suptitle(title, fontsize=10)
    path = RESULTS / f"{name}.svg"
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    print(path)


def bars(axes: Axes, groups: Mapping[str, Mapping[str, Spread]], label: str) -> None:
    """Draw medians as bars, ranges as lines, in groups; each series has one colour."""
    series = list(dict.fromkeys(name for group in groups.values() for name in group))
    width = 0.8 / max(1, len(series))
    for i, name in enumerate(series):
        at = [(k, group[name]) for k, group in enumerate(groups.values()) if name in group]
        medians = [one["median"] for _, one in at]
        errors = [
            [max(0.0, one["median"] - one["range"][0]) for _, one in at],
            [max(0.0, one["range"][1] - one["median"]) for _, one in at],
        ]
        places = [k + (i - (len(series) - 1) / 2) * width for k, _ in at]
        axes.bar(places, medians, width, yerr=errors, label=name, error_kw={"linewidth": 1})
    axes.set_xticks(range(len(groups)), list(groups))
    axes.set(ylabel=label)
    axes.legend()


def subtitle(result: Mapping[str, Any]) -> str:
    """Return the machine and date of a result, for a title."""
    machine = result.get("machine") or f"{result['cpu']}, {result['cores']} cores"
    return f"{machine}, {result['date'][:10]}"


def live_cost(result: Mapping[str, Any]) -> None:
    """Processor time of one source by its kind; that of a camera beside others."""
    with plot("live-cost", f"One source, left on ({subtitle(result)})", 2) as (left, right):
        figures = {kind: run["this"]["cpu_percent"] for kind, run in result["runs"].items()}
        kinds = {
            kind: {"ClapTrap, whole service": {"median": share, "range": [share, share]}} for kind, share in figures.items()
        }
        bars(left, kinds, "processor time, % of one core")
        scenes = {f"camera, {scene}": run for scene, run in result["peers"].items()}
        beside = {scene: {name: one["cpu_percent"] for name, one in run.items()} for scene, run in scenes.items()}
        bars(right, beside, "processor time, % of one core: medians and ranges")


def clap_latency(result: Mapping[str, Any]) -> None:
    """From clap to webhook by kind of source; at a camera beside others."""
    with plot("clap-latency", f"Clap → webhook ({subtitle(result)})", 2) as (left, right):
        kinds = {kind: {"ClapTrap": latency(run["this"]["latency_s"])} for kind, run in result["runs"].items()}
        bars(left, kinds, "ms: median, least and 95 %")
        heard = {name: one for name, one in result["peers"].items() if one["latency_s"]}
        beside = {
            f"{name}\n{one['heard']} of {one['claps']}": {"camera": latency(one["latency_s"])} for name, one in heard.items()
        }
        bars(right, beside, "ms: median, least and 95 %, of the claps that were heard")


def latency(seconds: Mapping[str, float]) -> Spread:
    """Return median, and least and 95th percentile, in ms."""
    return {"median": 1e3 * seconds["p50"], "range": [1e3 * seconds["least"], 1e3 * seconds["p95"]]}


def growth(result: Mapping[str, Any]) -> None:
    """Start and adding many sources."""
    runs = result["runs"]
    with plot("growth", f"Starting, and adding {result['sources']} sources ({subtitle(result)})", 2) as (left, right):
        for axes, figures in ((left, ("version_cpu_s", "start_s")), (right, ("add_s", "add_cpu_s", "add_at_once_s"))):
            groups = {figure: {name: run[figure] for name, run in runs.items() if figure in run} for figure in figures}
            bars(axes, groups, "s")


def load(result: Mapping[str, Any]) -> None:
    """Processor and latency against the number of sources."""
    with plot("load", f"Many sources ({subtitle(result)})", 2) as (left, right):
        for part, runs in result["parts"].items():
            n = [run["sources"] for run in runs]
            left.plot(n, [100 * run["cores"] for run in runs], "o-", label=part)
            timed = [run for run in runs if run.get("latency_s")]
            for figure, style in (("p50", "o-"), ("p99", "o--")):
                values = [1e3 * run["latency_s"][figure] for run in timed]
                right.plot([run["sources"] for run in timed], values, style, label=f"{part}, {figure}")
        left.axhline(100, color="grey", linestyle=":", label="one core")
        left.set(xlabel="sources", ylabel="processor time of the service, % of one core", xlim=(0, None), ylim=(0, None))
        right.set(xlabel="sources", ylabel="clap → webhook, ms", xlim=(0, None), ylim=(0, None))
        left.legend()
        right.legend()


def quality(result: Mapping[str, Any]) -> None:
    """Recall against false alarms, beside others."""
    with plot("quality", f"Recall of single claps against false alarms ({subtitle(result)}); circle: threshold 0.5") as (
        axes,
    ):
        for engine, style in (("with YAMNet", "-"), ("embedded alone", "--")):
            table = result["curve"][engine]
            alarms = [max(0.3, row["hard"]) for row in table.values()]
            for scene, colour in (("clean", "tab:blue"), ("reverb", "tab:orange"), ("music10", "tab:green")):
                axes.plot(
                    alarms,
                    [row[scene] for row in table.values()],
                    style,
                    color=colour,
                    marker=".",
                    label=f"{scene}, {engine}",
                )
            axes.plot(
                max(0.3, table["0.5"]["hard"]), table["0.5"]["clean"], "o", color="tab:blue", markersize=9, fillstyle="none"
            )
        for name, peer in result["peers"].items():
            at = max(0.3, peer["scenes"]["hard"]["fa_per_h"]), peer["scenes"]["clean"]["recall"]
            axes.plot(*at, "x", color="tab:red")
            axes.annotate(f" {name}", at, fontsize=8, color="tab:red")
        axes.set(
            xscale="log", xlabel="false alarms an hour among 1,800 look-alikes an hour", ylabel="recall", ylim=(0, 1.02)
        )
        axes.legend(loc="lower right")


def enrolment(result: Mapping[str, Any]) -> None:
    """Each person's recall at the default threshold, without and with a profile."""
    kinds = {"plain": "without", "profile": "five claps"}
    with plot("enrolment", f"What five claps teach ({subtitle(result)})", len(result["people"])) as panels:
        for axes, (scene, rows) in zip(panels, result["people"].items(), strict=True):
            mean = result["mean"][scene]
            for row in rows:
                axes.plot((0, 1), [row[kind]["recall"] for kind in kinds], ".-", color="tab:blue", alpha=0.5)
            axes.plot((0, 1), [mean[kind]["recall"] for kind in kinds], "o-", color="tab:orange", linewidth=3)
            axes.set_xticks((0, 1), [f"{name}\n{mean[kind]['fa']:.0f} FA/h" for kind, name in kinds.items()])
            axes.set(xlim=(-0.3, 1.3), ylim=(0, 1.02), title=f"{scene}: {len(rows)} people")
        panels[0].set(ylabel="recall at the default threshold")


def qualities() -> dict[str, Any] | None:
    """Return the newest curve, and the newest figures of others on the same scenes."""
    found, beside = newest("quality-all"), newest("quality-peers")
    runs = beside["runs"] if beside else {}
    return found and {**found, "peers": {name: run for name, run in runs.items() if not name.startswith("ClapTrap")}}


def costs() -> dict[str, Any] | None:
    """Return the newest costs of one source, and the newest of others beside."""
    found, beside = newest("live-cost", "file"), newest("live-peers")
    return found and {**found, "peers": beside["runs"] if beside else {}}


def latencies() -> dict[str, Any] | None:
    """Return the newest times from clap to webhook, and the newest of others beside."""
    found, beside = newest("clap-latency"), newest("latency-peers")
    return found and {**found, "peers": beside["runs"] if beside else {}}


def loads() -> dict[str, Any] | None:
    """Return the newest results of ``benchmarks.load`` as one."""
    parts = {part: newest(f"load-{part}") for part in ("vban", "rtsp")}
    found = {part: one for part, one in parts.items() if one}
    if not found:
        return None
    newest_one: dict[str, Any] = max(found.values(), key=lambda one: str(one["date"]))
    return {**newest_one, "parts": {part.upper(): one["runs"] for part, one in found.items()}}


DRAWN: Sequence[tuple[Callable[[Mapping[str, Any]], None], Callable[[], dict[str, Any] | None]]] = (
    (live_cost, costs),
    (clap_latency, latencies),
    (growth, lambda: newest("growth")),
    (load, loads),
    (quality, qualities),
    (enrolment, lambda: newest("enrolment")),
)


def main() -> None:
    """Draw what there is."""
    for draw, find in DRAWN:
        result = find()
        if result is None:
            print(f"{draw.__name__}: no result")
        else:
            draw(result)


if __name__ == "__main__":
    main()
