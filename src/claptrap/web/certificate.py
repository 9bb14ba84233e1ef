"""The certificate of ``serve --tls``: made here, signed by itself, kept in the data folder.

Browsers give a microphone only to pages that come by HTTPS (or from the very machine). No authority signs for a machine in a
home, so the browser warns once; the certificate is kept so that it warns only once.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from claptrap.core.errors import ServiceError
from claptrap.settings.document import restrict_to_owner
from claptrap.web.listen_address import Certificate, machine_addresses
from claptrap.web.security import local_names

VALID = dt.timedelta(days=820)  # Apple's devices take no more than 825
RENEW_BEFORE = dt.timedelta(days=30)
BACKDATED = dt.timedelta(days=1)  # for clocks that are late


def certificate(folder: Path, names: Sequence[str] | None = None) -> Certificate:
    """Return the certificate kept in ``folder``; make it where it is missing, too old, or lacks a name.

    Args:
        folder: a private one of this purpose; it is made.
        names: the names and addresses of the machine; by default those that it has now.

    Raises:
        ServiceError: ``service.tls_unwritable``.
    """
    wanted = [*local_names(), *map(str, machine_addresses())] if names is None else list(names)
    kept = Certificate(folder / "certificate.pem", folder / "key.pem")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_good(kept, wanted):
            _make(kept, wanted)
    except OSError as error:
        raise ServiceError("service.tls_unwritable", path=str(folder), reason=error.strerror or str(error)) from error
    return kept


def _is_good(kept: Certificate, wanted: Sequence[str]) -> bool:
    try:
        found = x509.load_pem_x509_certificate(kept.chain.read_bytes())
        key = serialization.load_pem_private_key(kept.key.read_bytes(), password=None)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (FileNotFoundError, ValueError, TypeError, x509.ExtensionNotFound):
        return False  # missing or damaged
    restrict_to_owner(kept.key)
    lasts = found.not_valid_after_utc - dt.datetime.now(dt.UTC)
    return found.public_key() == key.public_key() and lasts > RENEW_BEFORE and set(_names(wanted)) <= set(names)


def _make(kept: Certificate, wanted: Sequence[str]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"ClapTrap {socket.gethostname()}"[:64])])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now - BACKDATED + VALID)
        .add_extension(x509.SubjectAlternativeName(_names(wanted)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    _write(kept.key, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    _write(kept.chain, made.public_bytes(serialization.Encoding.PEM))


def _names(wanted: Sequence[str]) -> list[x509.GeneralName]:
    return [_general_name(name) for name in sorted(set(wanted))]


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode("ascii"))


def _write(path: Path, content: bytes) -> None:
    """Write a file that other users cannot read at any moment."""
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    beside.replace(path)
