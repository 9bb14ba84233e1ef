"""``claptrap detect``: the same hearing over recordings, as fast as the machine can."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from claptrap.audio.channels import AUTO, LOUDEST, MEAN
from claptrap.audio.frame import RATE_HZ, Frame
from claptrap.audio.hopper import Hopper, Hops
from claptrap.cli.language import error_message, exit_on_error
from claptrap.cli.terminal import echo, terminal_language
from claptrap.core.errors import ClapTrapError, InputError, ModelError
from claptrap.core.spec import PatternSpec
from claptrap.detect.clapnet import load_clapnet
from claptrap.detect.classifier import Classification
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.engine import BLOCK_HOPS, Engine, Finding
from claptrap.detect.matching import ProfileMatcher, load_rules
from claptrap.detect.patterns import APPLAUSE, Detection, DetectionSettings
from claptrap.detect.profile import read_profile
from claptrap.detect.yamnet import YamNet, load_yamnet
from claptrap.models.catalogue import YAMNET, has_yamnet_runtime, models_folder, no_yamnet_runtime
from claptrap.models.model_store import find
from claptrap.sources.recording import STREAM, duration_s, read_frames
from claptrap.text.catalogue import say, sound_name

FAILED = 2
GATHERED_HOPS = BLOCK_HOPS * 3 // 4  # with the frame that completes them they still are one block
_BAR = "{desc}: {percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} s [{remaining}]"


def _channel(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """Return a channel that ``audio.channels`` knows."""
    if value not in (AUTO, MEAN, LOUDEST) and not (value.isdecimal() and int(value) > 0):
        raise click.BadParameter("auto, mean, loudest, 1, 2, 3 …")
    return value


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False), metavar="FILE…")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines.")
@click.option(
    "--channel",
    default="auto",
    show_default=True,
    callback=_channel,
    metavar="auto|mean|loudest|N",
    help="Channel to hear. auto: the mean, or the loudest if channels cancel each other.",
)
@click.option("--threshold", default=0.5, show_default=True, type=click.FloatRange(0, 1), help="Minimum score of a clap.")
@click.option(
    "--delay",
    "delay_s",
    default=0.5,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Minimum seconds between two detections.",
)
@click.option(
    "--claps",
    type=click.IntRange(1, 4),
    help="Detect only series of exactly this many claps. Default: any clap.",
)
@click.option(
    "--engine",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "embedded", "yamnet"]),
    help="auto: with YAMNet if its file is there; embedded: without it; yamnet: only with it.",
)
@click.option(
    "--profile",
    "profile_path",
    type=click.Path(path_type=Path, readable=False),
    help="A profile made by claptrap profile learn.",
)
@click.option("--jobs", type=click.IntRange(1), help="Files heard at the same time. Default: one per processor core.")
def detect(
    files: tuple[Path, ...],
    as_json: bool,
    channel: str,
    threshold: float,
    delay_s: float,
    claps: int | None,
    engine: str,
    profile_path: Path | None,
    jobs: int | None,
) -> None:
    """Find claps in recordings: any sound or video files, or - for standard input.

    Exit status 2 if part of a file could not be decoded; the rest is still heard.
    """
    with exit_on_error():
        if profile_path is not None:
            read_profile(profile_path)
    heard_with = "embedded" if choose_yamnet(engine) is None else "yamnet"
    patterns = (PatternSpec() if claps is None else PatternSpec(claps, at_least=False),)
    wishes = _Wishes(channel, heard_with, profile_path, DetectionSettings(threshold, delay_s, patterns), as_json=as_json)
    failed = False
    for line, is_error in _reports(files, wishes, min(jobs or os.cpu_count() or 1, len(files))):
        with tqdm.external_write_mode():  # above the bar, where there is one
            echo(line, err=is_error)
        failed |= is_error
    sys.exit(FAILED if failed else 0)


@dataclass(frozen=True, slots=True)
class _Wishes:
    """How files are heard, and what is said of them."""

    channel: str
    engine: str
    profile_path: Path | None
    settings: DetectionSettings
    as_json: bool


Line = tuple[str, bool]
"""A line, and whether it is an error."""


def _reports(files: Sequence[Path], wishes: _Wishes, jobs: int) -> Iterator[Line]:
    """Yield the lines of all files, file by file; with more than one job, each file's when it and those before are heard."""
    if jobs == 1 or Path(STREAM) in files:
        reporter = _Reporter(wishes)
        for path in files:
            yield from reporter.lines(path)
        return
    with ProcessPoolExecutor(jobs) as pool:
        for lines in pool.map(_lines_in_worker, files, [wishes] * len(files)):
            yield from lines


def _lines_in_worker(path: Path, wishes: _Wishes) -> list[Line]:
    return list(_reporter(wishes).lines(path))


@cache
def _reporter(wishes: _Wishes) -> _Reporter:
    """Return the one of a worker process, which loads its models once."""
    return _Reporter(wishes)


class _Reporter:
    """Says what is found in files, one after the other."""

    def __init__(self, wishes: _Wishes) -> None:
        self._wishes = wishes
        self._models = load_clapnet(), load_confirmer(), choose_yamnet(wishes.engine)
        path = wishes.profile_path
        self._matcher = None if path is None else ProfileMatcher(read_profile(path), load_rules())

    def lines(self, path: Path) -> Iterator[Line]:
        """Yield what is said of one file."""
        wishes, name = self._wishes, printable_path(path)
        hearing = _Hearing(Engine(*self._models, wishes.settings, self._matcher), wishes.channel)
        try:
            for finding in hearing.findings(path):
                if line := _json_line(name, finding) if wishes.as_json else _text_line(name, finding):
                    yield line, False
        except ClapTrapError as error:
            yield error_message(error), True
        if hearing.heard_s and not hearing.n_found and not wishes.as_json:
            yield f"{name}: {say('detect.none', terminal_language(), seconds=_decimal(hearing.heard_s))}", False


def printable_path(path: Path) -> str:
    """Return a path as text, whatever bytes are in it."""
    return os.fsencode(path).decode("utf-8", "replace")


def choose_yamnet(engine: str) -> YamNet | None:
    """Return YAMNet where ``engine`` (auto, embedded, yamnet) wants it and its file is there; exit where it must be."""
    if engine == "embedded":
        return None
    try:
        if not has_yamnet_runtime():
            if engine == "yamnet":
                raise no_yamnet_runtime()
            return None
        path = find(YAMNET, models_folder())
        if path is None and engine == "yamnet":
            raise ModelError("model.absent", name=YAMNET.name, folder=str(models_folder()))
        return load_yamnet(path) if path else None
    except ClapTrapError as error:
        echo(error_message(error), err=True)
        if engine == "yamnet":
            sys.exit(FAILED)
        return None


class _Hearing:
    """Hears one file.

    Attributes:
        heard_s: seconds that were heard so far.
        n_found: how many findings there were.
    """

    def __init__(self, engine: Engine, channel: str) -> None:
        self._engine = engine
        self._channel = channel
        self.heard_s = 0.0
        self.n_found = 0

    def findings(self, path: Path) -> Iterator[Finding]:
        """Yield what is found in a file; what precedes a fault of the file is yielded before the fault is raised."""
        for finding in self._findings(path):
            self.n_found += 1
            yield finding

    def _findings(self, path: Path) -> Iterator[Finding]:
        hopper, gathered = Hopper(self._channel), list[Hops]()
        n_gathered = 0 if str(path) == STREAM else GATHERED_HOPS  # a stream's claps are shown as they come
        fault: ClapTrapError | None = None
        try:
            for frame in _with_progress(path):
                channels = frame.samples.shape[1]
                if self._channel.isdecimal() and int(self._channel) > channels:
                    name = printable_path(path)
                    raise InputError("file.no_channel", path=name, channel=self._channel, channels=channels)
                self.heard_s += len(frame.samples) / frame.rate_hz
                gathered.append(hopper.push(frame))
                if sum(len(hops) for hops, _ in gathered) >= n_gathered:
                    yield from self._engine.process(*_joined(gathered))
                    gathered.clear()
        except ClapTrapError as error:
            fault = error
        yield from self._engine.process(*_joined([*gathered, hopper.finish()]))
        yield from self._engine.finish()
        if fault is not None:
            raise fault


def _joined(parts: Sequence[Hops]) -> Hops:
    """Return hops (k, 320), lost (k,) of all parts."""
    return np.concatenate([hops for hops, _ in parts]), np.concatenate([lost for _, lost in parts])


def _with_progress(path: Path) -> Iterator[Frame]:
    """Yield the file's frames, moving a bar on a terminal."""
    is_stdin = str(path) == STREAM
    frames = read_frames(sys.stdin.buffer if is_stdin else path)
    if not sys.stderr.isatty():
        yield from frames
        return
    columns, lines = shutil.get_terminal_size()  # tqdm shows nothing on a terminal that does not know its own size
    with tqdm(
        total=None if is_stdin else duration_s(path),
        desc=printable_path(path)[-40:],
        unit="s",
        leave=False,
        bar_format=_BAR,
        ncols=columns,
        nrows=lines,
    ) as bar:
        for frame in frames:
            yield frame
            bar.update(len(frame.samples) / frame.rate_hz)


def _json_line(path: str, found: Finding) -> str:
    line: dict[str, object] = {
        "type": "clap",
        "file": path,
        "onset": round(found.onset / RATE_HZ, 4),
        "decided": round(found.decided / RATE_HZ, 4),
        "score": round(found.score, 4),
    }
    if isinstance(found, Detection):
        line |= {"type": "detection", "claps": found.claps, "labels": [list(label) for label in found.labels]}
        line |= {"applause": True} if found.applause else {}
    return json.dumps(line, ensure_ascii=False)


def _text_line(path: str, found: Finding) -> str:
    """Return a line for each clap, and for what is more than one; nothing for a detection that only repeats its clap."""
    labels = "".join(f"  {sound_name(name, terminal_language())} {score:.2f}" for name, score in found.labels)
    said = f"{found.score:.2f}{labels}"
    at = f"{path}: {_clock(found.onset / RATE_HZ)}"
    if isinstance(found, Classification):
        return f"{at}  {said}"
    if found.applause:
        return f"{at} 👏👏👏 {sound_name(APPLAUSE, terminal_language()).lower()}  {said}"
    return f"{at} {'👏' * found.claps}  {said}" if found.claps > 1 else ""


def _decimal(seconds: float) -> str:
    text = f"{seconds:.1f}"
    return text.replace(".", ",") if terminal_language() == "fr" else text


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:06.3f}"
