"""``claptrap node``: hear for a ClapTrap that runs elsewhere."""

from __future__ import annotations

import re
import signal
import socket
import sys
import threading
from pathlib import Path

import click

from claptrap.cli.allocator import give_large_blocks_back
from claptrap.cli.cluster import needs_cluster, with_credentials, with_tls_ca
from claptrap.cli.descriptors import allow_many_descriptors
from claptrap.cli.language import error_message
from claptrap.cli.logs import start_logging
from claptrap.cli.options import may_not_download, with_log_level
from claptrap.cli.terminal import echo, terminal_language
from claptrap.core.build import version_and_commit
from claptrap.core.clock import SystemClock
from claptrap.core.errors import ClapTrapError
from claptrap.core.spec import MAX_SOURCES
from claptrap.models.catalogue import YAMNET, download_url
from claptrap.text.catalogue import say

_NAME = r"[a-z0-9][a-z0-9-]{0,63}"


def _own_name() -> str:
    return re.sub(r"[^a-z0-9]+", "-", socket.gethostname().partition(".")[0].lower()).strip("-")[:64] or "node"


def _name(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not re.fullmatch(_NAME, value) or value == "server":
        raise click.BadParameter("a-z, 0-9, -")
    return value


@click.command()
@click.option(
    "--join",
    "urls",
    required=True,
    envvar="CLAPTRAP_JOIN",
    show_envvar=True,
    metavar="URL",
    help="NATS server: nats://HOST:4222 or tls://…; several separated by commas.",
)
@click.option(
    "--key",
    required=True,
    envvar="CLAPTRAP_CLUSTER_KEY",
    show_envvar=True,
    type=click.Path(path_type=Path, readable=False),
    help="File of the cluster's key: cluster.key in the data folder of claptrap serve.",
)
@click.option(
    "--name",
    default=_own_name,
    callback=_name,
    envvar="CLAPTRAP_NODE",
    show_envvar=True,
    show_default="name of the machine",
    help="Name of this node.",
)
@click.option(
    "--capacity",
    default=60,
    envvar="CLAPTRAP_CAPACITY",
    show_default=True,
    show_envvar=True,
    type=click.IntRange(0, MAX_SOURCES),
    help="Most sources that it takes; those pinned to it come on top.",
)
@with_credentials("--credentials")
@with_tls_ca("--tls-ca")
@may_not_download
@with_log_level
def node(
    urls: str,
    key: Path,
    name: str,
    capacity: int,
    credentials: Path | None,
    tls_ca: Path | None,
    no_download: bool,
    log_level: str,
) -> None:
    """Hear sources for a ClapTrap that runs elsewhere (claptrap serve --cluster). Ctrl-C stops it."""
    give_large_blocks_back()
    allow_many_descriptors()
    start_logging(log_level)
    stopped = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: stopped.set())
    try:
        with needs_cluster():
            from claptrap.cluster.application import NodeApplication  # noqa: PLC0415  # its client is an optional package
            from claptrap.cluster.link import Address, Link  # noqa: PLC0415  # likewise
            from claptrap.cluster.node import Node  # noqa: PLC0415  # likewise
            from claptrap.cluster.wire import Seal  # noqa: PLC0415  # likewise
        clock = SystemClock()
        link = Link(Address(urls, credentials, tls_ca), name)
        member = Node(link, name, capacity, Seal.of_file(key), version_and_commit(), clock)
        application = NodeApplication(member, clock, None if no_download else download_url(YAMNET))
    except ClapTrapError as error:
        echo(error_message(error), err=True)
        sys.exit(1)
    application.start()
    echo(say("cluster.node_started", terminal_language(), node=name, url=link.shown, capacity=capacity))
    stopped.wait()
    application.stop()
