"""``claptrap profile``: make a profile of a place from recordings, and show what is in one."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import RATE_HZ
from claptrap.audio.hopper import Hopper
from claptrap.cli.detect import choose_yamnet, printable_path
from claptrap.cli.language import exit_on_error
from claptrap.cli.terminal import echo, terminal_language
from claptrap.core.errors import InputError
from claptrap.detect.clapnet import load_clapnet
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.enrolment import AFTER_S, BEFORE_S, Enroller, Refusal
from claptrap.detect.profile import MOST_EXAMPLES, MOST_NOTE, Example, Profile, read_profile, serialized
from claptrap.settings.document import write_temporary
from claptrap.sources.recording import read_frames
from claptrap.text.catalogue import say

MOST_LINES = 2 * MOST_EXAMPLES


@dataclass(frozen=True, slots=True)
class Given:
    """One line of examples."""

    file: Path
    onset_s: float
    is_clap: bool


@click.group()
def profile() -> None:
    """Learn from examples of claps and other sounds of a place."""


@profile.command()
@click.argument("examples", type=click.Path(path_type=Path, readable=False))
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Profile to write.")
@click.option(
    "--engine", default="auto", show_default=True, type=click.Choice(["auto", "embedded", "yamnet"]), help="As for detect."
)
def learn(examples: Path, output: Path, engine: str) -> None:
    """Make a profile from the sounds listed in EXAMPLES.

    Each line of EXAMPLES is a JSON object: {"file": PATH, "onset": SECONDS, "clap": true or false}. An example that
    cannot be a clap is refused, with the reason on stderr; where none is left the profile is empty, and changes nothing.
    Exit status 2 if a line or a file cannot be read.
    """
    with exit_on_error():
        given = _read_examples(examples)
        enroller = Enroller(load_clapnet(), load_confirmer(), choose_yamnet(engine))
        made = [example for one in _by_file(given) for example in _examples_of(enroller, *one)]
        learnt = Profile.of(*made)
        _write(output, learnt)
        echo(_say("profile.written", path=printable_path(output), **_counts(learnt)))


@profile.command()
@click.argument("file", type=click.Path(path_type=Path, readable=False), metavar="PROFILE")
def show(file: Path) -> None:
    """List the examples of PROFILE."""
    with exit_on_error():
        found = read_profile(file)
        echo(_say("profile.contents", **_counts(found)))
        for example in found.examples:
            kind = _say("profile.clap" if example.is_clap else "profile.not_clap")
            echo(f"  {example.id}  {kind}  {example.note}".rstrip())


def _write(path: Path, learnt: Profile) -> None:
    try:
        write_temporary(path, serialized(learnt)).replace(path)
    except OSError as error:
        raise InputError("profile.unwritable", path=printable_path(path), reason=error.strerror or str(error)) from error


def _say(code: str, **params: str | float) -> str:
    return say(code, terminal_language(), **params)


def _counts(found: Profile) -> dict[str, int]:
    without_yamnet = sum(example.embedding.yamnet is None for example in found.examples)
    return {"claps": found.n_claps, "others": len(found.examples) - found.n_claps, "without_yamnet": without_yamnet}


def _read_examples(path: Path) -> list[Given]:
    """Return the lines. Raises InputError ``profile.unreadable`` or ``profile.bad_line``."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError("profile.unreadable", path=printable_path(path), reason=reason) from error
    found = [_given(i, line) for i, line in enumerate(lines, 1) if line.strip()]
    if len(found) > MOST_LINES:
        raise InputError("profile.too_many", n=len(found), most=MOST_EXAMPLES)
    return found


def _given(number: int, line: str) -> Given:
    try:
        entry: Any = json.loads(line)
        file, onset, is_clap = entry["file"], float(entry["onset"]), entry["clap"]
        if not (isinstance(file, str) and isinstance(is_clap, bool) and 0 <= onset < 1e6):
            raise ValueError  # noqa: TRY301  # as what JSON itself refuses
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError("profile.bad_line", line=number) from error
    return Given(Path(file), onset, is_clap)


def _by_file(given: list[Given]) -> Iterator[tuple[Path, list[Given]]]:
    grouped: dict[Path, list[Given]] = defaultdict(list)
    for one in given:
        grouped[one.file].append(one)
    yield from grouped.items()


def _examples_of(enroller: Enroller, path: Path, given: list[Given]) -> Iterator[Example]:
    """Yield the examples of one recording; say what is refused, and what cannot be read."""
    for one, begin, samples in _excerpts(path, given):
        name = f"{printable_path(path)} {one.onset_s:.2f} s"
        onset = round(one.onset_s * RATE_HZ) - begin
        made = enroller.example(samples, onset, is_clap=one.is_clap, note=name[-MOST_NOTE:])
        if isinstance(made, Refusal):
            echo(f"{name}: {_say(f'enrolment.{made}')}", err=True)
        else:
            yield made


def _excerpts(path: Path, given: list[Given]) -> Iterator[tuple[Given, int, NDArray[np.float32]]]:
    """Yield each line with the sound around its onset at 16 kHz, and the sample where that begins; read the file once."""
    wanted = sorted(given, key=lambda one: one.onset_s)
    hopper, kept, begin = Hopper(), np.zeros(0, np.float32), 0
    for hops, _ in _hops(hopper, path):  # nothing is lost in a file
        kept = np.concatenate([kept, hops.reshape(-1)])
        while wanted and (wanted[0].onset_s + AFTER_S) * RATE_HZ <= begin + len(kept):
            yield wanted.pop(0), begin, kept
        if not wanted:
            return
        drop = min(max(0, round((wanted[0].onset_s - BEFORE_S) * RATE_HZ) - begin), len(kept))
        kept, begin = kept[drop:], begin + drop
    for one in wanted:
        yield one, begin, kept


def _hops(hopper: Hopper, path: Path) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    for frame in read_frames(path):
        yield hopper.push(frame)
    yield hopper.finish()
