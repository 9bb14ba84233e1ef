"""What ``claptrap serve --cluster`` and ``claptrap node`` share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from claptrap.core.build import version_and_commit
from claptrap.core.clock import SystemClock
from claptrap.core.errors import ServiceError
from claptrap.service.cluster import SERVER, Cluster

KEY_NAME = "cluster.key"
_Option = Callable[[Callable[..., None]], Callable[..., None]]


def with_credentials(option: str) -> _Option:
    """Return the option of the file that lets in to NATS, under the name that a command has for it."""
    return _file(option, "CLAPTRAP_CLUSTER_CREDENTIALS", "File with an NKey's seed, or a .creds file, for NATS.")


def with_tls_ca(option: str) -> _Option:
    """Return the option of the authority that NATS' certificate is checked against."""
    return _file(option, "CLAPTRAP_CLUSTER_TLS_CA", "PEM file of the authority to trust instead of the system's.")


def _file(option: str, variable: str, text: str) -> _Option:
    kind = click.Path(path_type=Path, readable=False)
    return click.option(option, envvar=variable, show_envvar=True, type=kind, help=text)


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """What ``claptrap serve`` was given of its cluster.

    Attributes:
        urls: of the NATS servers; None for no cluster.
        key: file of the key; None for the one in the data folder, which is made where it is missing.
        credentials, tls_ca: as ``cluster.link.Address`` has them.
        replicas: on how many NATS servers everything is kept.
    """

    urls: str | None
    key: Path | None = None
    credentials: Path | None = None
    tls_ca: Path | None = None
    replicas: int = 1

    def build(self, data_dir: Path) -> Cluster | None:
        """Return the cluster, None without ``urls``.

        Raises:
            InputError, ServiceError: an address or a file is no good, or the client is not installed.
        """
        if self.urls is None:
            return None
        with needs_cluster():
            from claptrap.cluster.link import Address, Link  # noqa: PLC0415  # its client is an optional package
            from claptrap.cluster.server import ClusterServer  # noqa: PLC0415  # likewise
            from claptrap.cluster.wire import Seal  # noqa: PLC0415  # likewise
        seal = Seal.of_file(self.key or data_dir / KEY_NAME, make=self.key is None)
        link = Link(Address(self.urls, self.credentials, self.tls_ca), SERVER)
        return ClusterServer(link, seal, version_and_commit(), SystemClock(), self.replicas)


@contextmanager
def needs_cluster() -> Iterator[None]:
    """Say what to install where the block fails to import NATS' client.

    Raises:
        ServiceError: ``cluster.not_installed``.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in ("nats", "nkeys"):
            raise
        raise ServiceError("cluster.not_installed") from error
