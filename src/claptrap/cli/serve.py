"""``claptrap serve``: the service with its page."""

from __future__ import annotations

import gc
import logging
import sys
from pathlib import Path

import click

from claptrap.cli.add_on import SUPERVISOR_ADDRESS, AddOn
from claptrap.cli.allocator import give_large_blocks_back
from claptrap.cli.cluster import ClusterOptions, with_credentials, with_tls_ca
from claptrap.cli.defaults import HOST, PORT, in_data_dir
from claptrap.cli.descriptors import allow_many_descriptors
from claptrap.cli.env_overrides import overrides_of
from claptrap.cli.language import error_message
from claptrap.cli.logs import LogRateLimit, start_logging
from claptrap.cli.options import may_not_download, with_log_level
from claptrap.cli.program_text import give_text_back
from claptrap.cli.terminal import echo, terminal_language
from claptrap.core.errors import ClapTrapError
from claptrap.core.weburl import check_tcp_url
from claptrap.doctor.log_tail import LogTail
from claptrap.mediamtx.config import ApiAddress
from claptrap.mediamtx.supervisor import Supervisor
from claptrap.models.catalogue import YAMNET, download_url
from claptrap.service import Application
from claptrap.text.catalogue import say
from claptrap.web.listen_address import Certificate, ListenAddress
from claptrap.web.proxies import Proxies
from claptrap.web.server import serve as serve_web


def _check_tcp_url(_context: click.Context, _option: click.Parameter, url: str | None) -> str | None:
    try:
        check_tcp_url(url or "tcp://any:0")
    except ClapTrapError as error:
        raise click.BadParameter(error_message(error)) from error
    return url


@click.command()
@click.option(
    "--host", default=HOST, envvar="CLAPTRAP_HOST", show_default=True, show_envvar=True, help="Address to listen on."
)
@click.option(
    "--port",
    default=PORT,
    envvar="CLAPTRAP_PORT",
    show_default=True,
    show_envvar=True,
    type=click.IntRange(0, 65535),
    help="0: any free port.",
)
@in_data_dir
@click.option(
    "--no-auth",
    "--allow-network",  # its name before there were passwords
    "no_auth",
    is_flag=True,
    envvar="CLAPTRAP_NO_AUTH",
    show_envvar=True,
    help="Require no login, even from other machines: anyone who reaches the service has full access.",
)
@click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    envvar="CLAPTRAP_ALLOWED_HOST",
    show_envvar=True,
    help="Name under which a proxy shows the page; can be repeated.",
)
@click.option(
    "--trusted-proxy",
    "trusted_proxies",
    multiple=True,
    envvar="CLAPTRAP_TRUSTED_PROXY",
    show_envvar=True,
    help="Address or network of a proxy whose X-Forwarded-… headers are trusted; can be repeated. Requires a login.",
)
@click.option(
    "--base-path",
    default="",
    envvar="CLAPTRAP_BASE_PATH",
    show_envvar=True,
    help="Path under which a proxy shows the page, like /claptrap, if the proxy does not send it.",
)
@click.option(
    "--tls",
    is_flag=True,
    envvar="CLAPTRAP_TLS",
    show_envvar=True,
    help="Use HTTPS with a certificate made here; phones need it to share their microphone.",
)
@may_not_download
@click.option(
    "--mediamtx",
    "with_mediamtx",
    is_flag=True,
    envvar="CLAPTRAP_MEDIAMTX",
    show_envvar=True,
    help="Also run the RTSP server MediaMTX (claptrap mediamtx install).",
)
@click.option(
    "--mediamtx-binary",
    envvar="CLAPTRAP_MEDIAMTX_BINARY",
    show_envvar=True,
    type=click.Path(path_type=Path, readable=False),
    help="MediaMTX's program; runs it. Default: the one on the PATH, or the installed one.",
)
@click.option(
    "--mediamtx-api",
    envvar="CLAPTRAP_MEDIAMTX_API",
    show_envvar=True,
    metavar="URL",
    help="API of another MediaMTX, whose streams the page lists: http://USER:PASSWORD@HOST:9997.",
)
@click.option(
    "--cluster",
    envvar="CLAPTRAP_CLUSTER",
    show_envvar=True,
    metavar="URL",
    help="NATS servers over which nodes (claptrap node) hear: nats://HOST:4222 or tls://…; several separated by commas.",
)
@click.option(
    "--cluster-key",
    envvar="CLAPTRAP_CLUSTER_KEY",
    show_envvar=True,
    type=click.Path(path_type=Path, readable=False),
    help="File of the cluster's key. Default: cluster.key in the data folder, made if it is missing.",
)
@with_credentials("--cluster-credentials")
@with_tls_ca("--cluster-tls-ca")
@click.option(
    "--cluster-replicas",
    default="1",
    envvar="CLAPTRAP_CLUSTER_REPLICAS",
    show_default=True,
    show_envvar=True,
    type=click.Choice(["1", "3", "5"]),
    help="On how many NATS servers everything is kept.",
)
@click.option(
    "--wyoming",
    envvar="CLAPTRAP_WYOMING",
    show_envvar=True,
    metavar="URL",
    callback=_check_tcp_url,
    help="Offer voice satellites and Home Assistant claps as wake words: tcp://0.0.0.0:10400. Default: as the settings say.",
)
@click.option(
    "--add-on",
    "as_add_on",
    is_flag=True,
    hidden=True,  # of no use elsewhere
    envvar="CLAPTRAP_ADD_ON",
    help="As an add-on of Home Assistant: with its options, its broker, and its login where it shows the page.",
)
@click.option(
    "--dev",
    is_flag=True,
    envvar="CLAPTRAP_DEV",
    show_envvar=True,
    help="Show the built-in tests at the bottom of the page.",
)
@with_log_level
def serve(
    host: str,
    port: int,
    data_dir: Path,
    no_auth: bool,
    allowed_hosts: tuple[str, ...],
    trusted_proxies: tuple[str, ...],
    base_path: str,
    tls: bool,
    no_download: bool,
    with_mediamtx: bool,
    mediamtx_binary: Path | None,
    mediamtx_api: str | None,
    cluster: str | None,
    cluster_key: Path | None,
    cluster_credentials: Path | None,
    cluster_tls_ca: Path | None,
    cluster_replicas: str,
    wyoming: str | None,
    as_add_on: bool,
    dev: bool,
    log_level: str,
) -> None:
    """Run the service with its page. Ctrl-C stops it."""
    give_large_blocks_back()
    allow_many_descriptors()
    add_on = AddOn() if as_add_on else None
    start_logging(add_on.log_level if add_on else log_level)
    _keep_log_tail()
    supervisor: Supervisor | None = None
    yamnet_url = None if no_download else download_url(YAMNET)
    try:
        api = ApiAddress.of_url(mediamtx_api) if mediamtx_api else None
        options = ClusterOptions(cluster, cluster_key, cluster_credentials, cluster_tls_ca, int(cluster_replicas))
        nodes = options.build(data_dir)
    except ClapTrapError as error:
        echo(error_message(error), err=True)
        sys.exit(1)
    environment = overrides_of(serve)
    service = Application(
        data_dir,
        yamnet_url=yamnet_url,
        environment=environment,
        dev=dev,
        mediamtx_api=api,
        cluster=nodes,
        wyoming=wyoming,
    )

    def announce(address: ListenAddress) -> None:
        if supervisor is not None:
            supervisor.start()  # now that a signal ends it in order
        if add_on is not None:
            add_on.start(service)
        _print_addresses(address, service.access.setup_code)
        gc.collect()
        gc.freeze()  # what the start made lives as long as the process: looking through it again would hold up a clap

    try:
        if with_mediamtx or mediamtx_binary:
            from claptrap.cli.mediamtx import prepared  # noqa: PLC0415  # 2 MB with what it imports

            supervisor = prepared(mediamtx_binary, None, data_dir)
            supervisor.on_change = service.problems.publish
            service.problems.add(supervisor.problems)
            service.streams.supervise(supervisor.problems)
        service.model.load()
        give_text_back()
        serve_web(
            service,
            host=host,
            port=port,
            on_ready=announce,
            allowed_hosts=allowed_hosts,
            tls=_certificate(data_dir / "tls") if tls else None,
            no_auth=no_auth,
            proxies=Proxies(trusted_proxies, base_path, [SUPERVISOR_ADDRESS] if as_add_on else ()),
        )
    except ClapTrapError as error:
        echo(error_message(error), err=True)
        sys.exit(1)
    finally:
        if add_on is not None:
            add_on.stop()
        if supervisor is not None:
            supervisor.stop()


def _print_addresses(address: ListenAddress, setup_code: str) -> None:
    echo(f"ClapTrap: {address.url}  ({say('service.how_to_stop', terminal_language())})")
    network = address.network_urls()
    for url in network:
        echo(say("service.network_address", terminal_language(), url=url))
    if network and sys.stdout.isatty():  # for a phone; a log has no use for it
        import segno  # noqa: PLC0415  # for this alone

        page = "/micro" if address.is_tls else ""  # without TLS no browser gives its microphone
        segno.make_qr(f"{network[0]}{page}", error="m").terminal(compact=True)
    if setup_code:
        echo(say("access.setup_code", terminal_language(), setup=setup_code))


def _certificate(folder: Path) -> Certificate:
    from claptrap.web.certificate import certificate  # noqa: PLC0415  # the library for certificates takes 9 MB

    return certificate(folder)


def _keep_log_tail() -> None:
    """Keep the newest lines for a support bundle, formed like those on stderr."""
    root, tail = logging.getLogger(), LogTail()
    tail.setFormatter(root.handlers[0].formatter)
    tail.addFilter(LogRateLimit())
    root.addHandler(tail)
