"""``claptrap settings``: shown, checked, kept, compared, put back, taken elsewhere; whether the service runs or not.

What only reads, or adds a backup, works beside a running service. What changes the settings (``restore``, ``import``) takes
the folder for itself, and is refused while the service has it: its page and ``/api/settings`` do the same there.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, cast

import click

from claptrap.cli.defaults import in_data_dir
from claptrap.cli.env_overrides import overrides_of
from claptrap.cli.language import error_message
from claptrap.cli.terminal import echo, echo_document, terminal_language
from claptrap.core.errors import ClapTrapError, SettingsError
from claptrap.core.spec import Language
from claptrap.service import profile_transfer
from claptrap.settings.backups import Backup, Why
from claptrap.settings.changes import Change, changes
from claptrap.settings.document import parsed, read_settings
from claptrap.settings.environment import Override
from claptrap.settings.export import exported
from claptrap.settings.import_plan import ImportPlan, Mode, plan_import
from claptrap.settings.os_errors import read_error
from claptrap.settings.reference import markdown
from claptrap.settings.schema import Settings
from claptrap.settings.store import Store
from claptrap.settings.validation import DocumentFault, SettingsFaults
from claptrap.text.catalogue import say

NOT_DONE, NOT_VALID = 1, 2
_SIGNS = {"added": "+", "removed": "-", "changed": "~", "reordered": "↕"}
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_yes = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def settings() -> None:
    """Show, check, back up, restore, export and import the settings.

    restore and import need the service to be stopped; while it runs, use its page or /api/settings. Exit status 1 if
    something could not be done, 2 if settings are not valid.
    """


@settings.command()
@in_data_dir
@_json
def show(data_dir: Path, as_json: bool) -> None:
    """Show the settings, secrets masked, and the CLAPTRAP_… variables that are set."""
    store = Store(data_dir)
    with _exit_on_error():
        found = _current_settings(store)
        shown, told = found.model_dump(mode="json"), _overrides()
        if as_json:
            _print_json({"path": str(store.path), "settings": shown, "environment": [asdict(one) for one in told]})
            return
        _print_message("terminal.file" if store.path.exists() else "terminal.no_file", path=str(store.path))
        for line in _lines((), shown):
            echo(line)
        for one in told:
            _print_message("terminal.override", variable=one.variable, option=one.option or "—", value=one.value)
            if one.near:
                _print_message("terminal.override_near", variable=one.variable, near=one.near)


@settings.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, readable=False))
@in_data_dir
@_json
def check(file: Path | None, data_dir: Path, as_json: bool) -> None:
    """Check the settings, or FILE, and list all faults. Exit status 2 if there are any."""
    path = file or Store(data_dir).path
    try:
        found = read_settings(path, strict=True)
    except SettingsFaults as error:
        _print_faults(error, as_json)
        sys.exit(NOT_VALID)
    except SettingsError as error:
        _exit_with(error, NOT_VALID, as_json)
    except FileNotFoundError as error:
        if file is not None:
            _exit_with(_read_error(path, error), NOT_DONE, as_json)
        found = None
    except OSError as error:
        _exit_with(_read_error(path, error), NOT_DONE, as_json)
    if as_json:
        _print_json({"path": str(path), "valid": True, "faults": []})
    elif found is None:
        _print_message("terminal.no_file", path=str(path))
    else:
        _print_message("terminal.valid", path=str(path), sources=len(found.sources))


@settings.command()
@in_data_dir
def backup(data_dir: Path) -> None:
    """Back up the current settings and print the name of the backup."""
    with _exit_on_error():
        name = Store(data_dir).back_up()
        if name is None:
            _print_message("terminal.no_file", path=str(Store(data_dir).path), err=True)
            sys.exit(NOT_DONE)
        echo(name)


@settings.command()
@in_data_dir
@_json
def backups(data_dir: Path, as_json: bool) -> None:
    """List the backups, newest first: date, reason, size, and what is wrong with one."""
    with _exit_on_error(as_json):
        found = Store(data_dir).backups.all()
    if as_json:
        _print_json([_backup_as_json(one) for one in found])
        return
    for one in found:
        at = datetime.fromtimestamp(one.at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        why = say(f"terminal.before_{one.why}", terminal_language())
        echo(f"{one.name}  {at}  {one.size:>7} B  {why}" + (f"  ✗ {error_message(one.fault)}" if one.fault else ""))
    if not found:
        _print_message("terminal.no_backups", err=True)


@settings.command()
@click.argument("name")
@in_data_dir
@_json
def diff(name: str, data_dir: Path, as_json: bool) -> None:
    """Show what restoring the backup NAME would change, without secrets."""
    store = Store(data_dir)
    with _exit_on_error(as_json):
        _print_changes(changes(_current_settings(store), store.backups.read(name)), as_json)


@settings.command()
@click.argument("name")
@in_data_dir
@_yes
def restore(name: str, data_dir: Path, yes: bool) -> None:
    """Restore the backup NAME, with its secrets and what sources had learnt. The current settings become a backup."""
    store = Store(data_dir)
    with _exit_on_error(), _locked(store):
        wanted = store.backups.read(name)
        now = _current_if_valid(store)
        if now is not None:
            _print_changes(changes(now, wanted), as_json=False)
        _confirm(yes)
        profiles = profile_transfer.read(store.backups.beside(name))
        _replace(store, now, wanted, "restore")
        profile_transfer.write(data_dir, profiles)
        _print_message("terminal.restored", name=name)


@settings.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False, readable=False))
@click.option("--secrets", is_flag=True, help="Include passwords and tokens: keep the file safe.")
@in_data_dir
def export(file: Path | None, secrets: bool, data_dir: Path) -> None:
    """Write the settings, and what sources have learnt, to FILE or stdout; without secrets unless --secrets is given."""
    with _exit_on_error():
        found = {**exported(_current_settings(Store(data_dir)), secrets=secrets), **profile_transfer.exported(data_dir)}
        text = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
        if secrets:
            _print_message("terminal.with_secrets", err=True)
        if file is None:
            echo_document(text)
            return
        try:
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
                out.write(text)
        except OSError as error:
            reason = error.strerror or str(error)
            raise SettingsError("terminal.not_written", path=str(file), reason=reason) from error


@settings.command()
@click.option("--language", type=click.Choice(["fr", "en"]), help="Default: the terminal's language.")
def reference(language: str | None) -> None:
    """Print every setting with its default and range, as Markdown tables."""
    echo_document(markdown(cast("Language | None", language) or terminal_language()))


@settings.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@click.option(
    "--mode",
    type=click.Choice(["replace", "merge"]),
    help="replace: FILE replaces the settings; merge: its sources are added. Default: replace for ClapTrap's own format.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@in_data_dir
@_yes
@_json
def import_settings(file: Path, mode: str | None, dry_run: bool, data_dir: Path, yes: bool, as_json: bool) -> None:
    """Import FILE: settings of ClapTrap, of the original ClapTrap, or of its Home Assistant fork.

    The changes, and what cannot be imported and why, are shown first. The current settings become a backup.
    """
    store = Store(data_dir)
    with _exit_on_error(as_json):
        document, given = profile_transfer.split(_read_document(file))
        if dry_run:
            _preview(store, document, mode, as_json)
            return
        with _locked(store):
            found, now = _preview(store, document, mode, as_json)
            _confirm(yes)
            wanted = cast("Settings", found.wanted)
            profiles, _ = profile_transfer.usable(given, {source.id for source in wanted.sources})
            _replace(store, now, wanted, "import")
            profile_transfer.write(data_dir, profiles)
        if not as_json:
            _print_message("terminal.imported", path=str(file))


def _preview(store: Store, document: dict[str, Any], mode: str | None, as_json: bool) -> tuple[ImportPlan, Settings]:
    """Tell what a document would do, and return it with the settings of now. Ends the command where it is not valid."""
    now = _current_settings(store)
    found = plan_import(document, now, cast("Mode | None", mode))
    if found.wanted is None:
        _print_faults(SettingsFaults(found.faults), as_json)
        sys.exit(NOT_VALID)
    difference = changes(now, found.wanted)
    if as_json:
        told = [{**asdict(note), "message": say(note.code, terminal_language(), **note.params)} for note in found.notes]
        _print_json(
            {"format": found.format, "mode": found.mode, "changes": [asdict(one) for one in difference], "notes": told}
        )
        return found, now
    _print_changes(difference, as_json=False)
    for note in found.notes:
        kind = say(f"terminal.{note.kind}", terminal_language())
        echo(f"{kind}  {note.path}: {say(note.code, terminal_language(), **note.params)}")
    return found, now


def _read_document(path: Path) -> dict[str, Any]:
    try:
        document = parsed(path.read_bytes(), path.name)
    except OSError as error:
        raise _read_error(path, error) from error
    if not isinstance(document, dict):
        raise SettingsError("settings.not_an_object")
    return document


def _read_error(path: Path, error: OSError) -> SettingsError:
    """Return why a file that a person named cannot be read."""
    if isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
        return SettingsError("terminal.no_such_file", path=str(path))
    return read_error(path, error)


def _current_settings(store: Store) -> Settings:
    """Return the settings of now, without mending anything; the defaults where there are none yet."""
    try:
        return read_settings(store.path)
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except OSError as error:
        raise read_error(store.path, error) from error


def _current_if_valid(store: Store) -> Settings | None:
    """Return the settings of now; None where they cannot be used here and must be kept aside."""
    try:
        return _current_settings(store)
    except SettingsError as error:
        if error.code in ("settings.unreadable", "settings.wrong_owner"):
            raise
        echo(error_message(error), err=True)
        return None


def _replace(store: Store, now: Settings | None, wanted: Settings, why: Why) -> None:
    """Replace the settings of now. Those of a newer ClapTrap, or damaged, are kept where nothing forgets them."""
    if now is None:
        store.set_aside("replaced")
    store.save(wanted, why)


@contextmanager
def _locked(store: Store) -> Iterator[None]:
    """Have the folder for this command alone."""
    try:
        store.open()
    except SettingsError as error:
        echo(error_message(error), err=True)
        if error.code == "settings.locked":
            _print_message("terminal.while_it_runs", err=True)
        sys.exit(NOT_DONE)
    try:
        yield
    finally:
        store.close()


@contextmanager
def _exit_on_error(as_json: bool = False) -> Iterator[None]:
    try:
        yield
    except SettingsFaults as error:
        _print_faults(error, as_json)
        sys.exit(NOT_VALID)
    except ClapTrapError as error:
        invalid = ("settings.newer", "settings.not_json", "settings.not_an_object", "settings.unknown_backup")
        _exit_with(error, NOT_VALID if error.code in (*invalid, "import.unknown_format") else NOT_DONE, as_json)


def _exit_with(error: ClapTrapError, status: int, as_json: bool) -> NoReturn:
    if as_json:
        _print_json({"valid": False, "code": error.code, "params": error.params, "message": error_message(error)})
    else:
        echo(error_message(error), err=True)
    sys.exit(status)


def _print_faults(error: SettingsFaults, as_json: bool) -> None:
    if as_json:
        _print_json({"valid": False, "code": error.code, "faults": [_fault_as_json(fault) for fault in error.faults]})
        return
    echo(error_message(error), err=True)
    for fault in error.faults:
        given = f" ({say('terminal.given', terminal_language(), value=fault.value)})" if fault.value else ""
        echo(f"  {fault.path or '/'}: {say(fault.code, terminal_language(), **fault.params)}{given}", err=True)


def _fault_as_json(fault: DocumentFault) -> dict[str, Any]:
    return {**asdict(fault), "params": dict(fault.params), "message": say(fault.code, terminal_language(), **fault.params)}


def _backup_as_json(one: Backup) -> dict[str, Any]:
    fault = one.fault
    known = {name: getattr(one, name) for name in ("name", "at", "why", "size")}
    return {**known, "fault": {"code": fault.code, "message": error_message(fault)} if fault else None}


def _print_changes(found: Sequence[Change], as_json: bool) -> None:
    if as_json:
        _print_json([asdict(change) for change in found])
        return
    for change in found:
        echo(f"{_SIGNS[change.kind]} {change.path}" + _values(change))
    if not found:
        _print_message("terminal.no_difference")


def _values(change: Change) -> str:
    if change.kind == "added":
        return f": {_brief(change.new)}"
    return "" if change.kind == "removed" else f": {_brief(change.old)} → {_brief(change.new)}"


def _brief(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines(path: tuple[str, ...], value: Any) -> Iterator[str]:
    """Yield a line for each setting, with its path; entries by their id."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _lines((*path, key), inner)
    elif isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        for i, entry in enumerate(value):
            yield from _lines((*path, entry.get("id", str(i))), {k: v for k, v in entry.items() if k != "id"})
    else:
        yield f"{'.'.join(path)} = {_brief(value)}"


def _overrides() -> tuple[Override, ...]:
    from claptrap.cli.serve import serve  # noqa: PLC0415  # loads everything; the other commands have no need of it

    return overrides_of(serve)


def _confirm(yes: bool) -> None:
    if not yes:
        click.confirm(say("terminal.go_on", terminal_language()), abort=True, err=True)


def _print_message(code: str, err: bool = False, **params: str | float) -> None:
    echo(say(code, terminal_language(), **params), err=err)


def _print_json(value: Any) -> None:
    echo_document(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
