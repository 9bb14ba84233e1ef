"""The certificate of ``serve --tls``: kept, private, renewed when it must be, and good for who trusts it."""

from __future__ import annotations

import datetime as dt
import errno
import io
import os
import ssl
import stat
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import segno
from cryptography import x509
from playwright.sync_api import expect
from tests.peers.service import Service
from tests.web.browser import CHROMIUM, PATIENCE_MS, chromium, show_phone

from claptrap.cli.serve import _print_addresses
from claptrap.core.errors import ServiceError
from claptrap.web import certificate as module
from claptrap.web.certificate import certificate
from claptrap.web.listen_address import ListenAddress, is_loopback, machine_addresses, outward_address
from claptrap.web.page import ASSETS

NAMES = ["localhost", "claptrap.local", "127.0.0.1", "::1"]


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_made_once_and_private(tmp_path: Path) -> None:
    made = certificate(tmp_path / "tls", NAMES)
    before = made.chain.read_bytes(), made.key.read_bytes()
    assert (permissions(made.key), permissions(made.chain), permissions(tmp_path / "tls")) == (0o600, 0o600, 0o700)
    assert certificate(tmp_path / "tls", NAMES[:2]) == made
    assert (made.chain.read_bytes(), made.key.read_bytes()) == before
    assert {path.name for path in (tmp_path / "tls").iterdir()} == {"certificate.pem", "key.pem"}
    parsed = x509.load_pem_x509_certificate(before[0])
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"localhost", "claptrap.local"}
    assert {str(a) for a in names.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "::1"}
    assert parsed.not_valid_after_utc - parsed.not_valid_before_utc <= dt.timedelta(days=825)


def test_a_key_that_others_could_read_is_closed_again(tmp_path: Path) -> None:
    made = certificate(tmp_path, NAMES)
    made.key.chmod(0o644)
    certificate(tmp_path, NAMES)
    assert permissions(made.key) == 0o600


def test_on_a_disk_that_is_read_only_the_one_that_is_there_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page must open where a disk is worn out; a key that others can read is a fault all the same."""

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    made = certificate(tmp_path, NAMES)
    with monkeypatch.context() as worn_out:
        worn_out.setattr(Path, "chmod", read_only)
        assert certificate(tmp_path, NAMES) == made
    made.key.chmod(0o644)
    monkeypatch.setattr(Path, "chmod", read_only)
    with pytest.raises(ServiceError):
        certificate(tmp_path, NAMES)


@pytest.mark.parametrize("harm", ["names", "age", "key missing", "damaged", "another key"])
def test_it_is_made_again_when_it_will_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    if harm == "age":
        monkeypatch.setattr(module, "VALID", dt.timedelta(days=29))
    made = certificate(tmp_path, NAMES)
    before = made.chain.read_bytes()
    monkeypatch.undo()
    if harm == "key missing":
        made.key.unlink()
    elif harm == "damaged":
        made.chain.write_bytes(before[:200])
    elif harm == "another key":
        made.key.write_bytes(certificate(tmp_path / "other", NAMES).key.read_bytes())
    certificate(tmp_path, [*NAMES, "192.168.7.7"] if harm == "names" else NAMES)
    assert made.chain.read_bytes() != before
    ssl.create_default_context().load_cert_chain(made.chain, made.key)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError) as told:
        certificate(tmp_path / "file" / "tls", NAMES)
    assert told.value.code == "service.tls_unwritable"
    assert "file/tls" in str(told.value)


def test_this_machine_has_addresses_and_a_phone_never_gets_the_loopback() -> None:
    addresses = {str(address) for address in machine_addresses()}
    assert "127.0.0.1" in addresses
    outward = outward_address()
    assert outward is None or not outward.is_loopback
    assert ListenAddress("127.0.0.1", 1, is_tls=True).network_address() == ""
    assert ListenAddress("::1", 1, is_tls=True).network_address() == ""
    assert ListenAddress("192.168.1.2", 80, is_tls=True).network_address() == "https://192.168.1.2:80"
    assert ListenAddress("0.0.0.0", 80, is_tls=False).url == "http://127.0.0.1:80"
    assert ListenAddress("::", 80, is_tls=True).url == "https://[::1]:80"
    everywhere = ListenAddress("0.0.0.0", 80, is_tls=False).network_address()
    assert everywhere == (f"http://{outward}:80" if outward else "")
    assert [is_loopback(name) for name in ("localhost", "127.0.0.2", "::1", "nas", "10.0.0.1")] == [True] * 3 + [False] * 2


@pytest.mark.slow
def test_the_service_speaks_tls_to_who_trusts_its_certificate_only(tmp_path: Path) -> None:
    with Service(tmp_path, CLAPTRAP_TLS="1") as service:
        assert service.url.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=tmp_path / "tls" / "certificate.pem")
        for host in ("127.0.0.1", "localhost"):
            address = service.url.replace("127.0.0.1", host)
            with urllib.request.urlopen(f"{address}/healthz", timeout=20, context=trusting) as answer:
                assert answer.status == 200
                assert "strict-transport-security" not in answer.headers  # it would lock out plain HTTP for good
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(f"{service.url}/healthz", timeout=20, context=ssl.create_default_context())
        before = (tmp_path / "tls" / "certificate.pem").read_bytes()
    with Service(tmp_path, CLAPTRAP_TLS="1"):
        assert (tmp_path / "tls" / "certificate.pem").read_bytes() == before


@pytest.mark.xdist_group("cameras")
@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is missing: sudo apt install chromium-headless-shell")
@pytest.mark.skipif(not (ASSETS / "micro.html").exists(), reason="the page is not built: make page")
def test_a_phone_in_the_network_gives_its_microphone_over_tls(tmp_path: Path) -> None:
    """By the machine's own address, not loopback, where a browser demands HTTPS and ClapTrap a password.

    The person sets it with the code of the terminal; the dashboard shows what to scan; the phone logs in.
    """
    address = outward_address()
    if address is None:
        pytest.skip("this machine has no address besides loopback")
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    options = {"CLAPTRAP_TLS": "1", "CLAPTRAP_HOST": str(address)}
    with Service(tmp_path, **options) as service, chromium(*fake) as browser:
        page = browser.new_context(locale="fr-FR", ignore_https_errors=True).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(service.url)
        page.get_by_label("Clé de mise en service").fill(service.wait_for_line(r"set-up key: (\S+)"))
        page.get_by_label("Nouveau mot de passe").fill("correct horse")
        page.keyboard.press("Enter")
        show_phone(page)
        code = page.get_by_role("img", name=f"Code QR de {service.url}/micro")
        expect(code).to_be_visible()
        code.evaluate("image => image.decode()")
        expect(page.get_by_role("link", name=f"{service.url}/micro")).to_be_visible()
        phone = browser.new_context(locale="fr-FR", ignore_https_errors=True).new_page()
        phone.set_default_timeout(PATIENCE_MS)
        phone.goto(f"{service.url}/micro")
        phone.get_by_label("Mot de passe").fill("correct horse")
        phone.keyboard.press("Enter")
        phone.get_by_role("button", name="Écouter avec ce micro").click()
        expect(phone.get_by_role("heading", name="ClapTrap entend ce micro")).to_be_visible()
        (cookie,) = phone.context.cookies()
        assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Lax")


def test_every_address_that_another_machine_can_type_is_said() -> None:
    """Those of the machine for one that listens on all, its own for one that listens on that alone, none for loopback."""
    others = [f"https://{a if a.version == 4 else f'[{a}]'}:9" for a in machine_addresses() if not a.is_loopback]
    assert sorted(ListenAddress("::", 9, is_tls=True).network_urls()) == sorted(others)
    only_ipv4 = [url for url in others if "[" not in url]
    found = ListenAddress("0.0.0.0", 9, is_tls=True).network_urls()
    assert sorted(found) == sorted(only_ipv4)
    assert not found or found[0] == ListenAddress("0.0.0.0", 9, is_tls=True).network_address()
    assert ListenAddress("192.0.2.7", 9, is_tls=False).network_urls() == ["http://192.0.2.7:9"]
    assert ListenAddress("127.0.0.1", 9, is_tls=False).network_urls() == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("scheme", "shown"), [("https", "/micro"), ("http", "")])
def test_a_phone_scans_the_address_from_the_terminal(monkeypatch: pytest.MonkeyPatch, scheme: str, shown: str) -> None:
    """Where it becomes a microphone, if its browser will give one; else the page. A log gets no drawing."""
    address = ListenAddress("192.0.2.7", 9, is_tls=scheme == "https")
    drawn = io.StringIO()
    segno.make_qr(f"{scheme}://192.0.2.7:9{shown}", error="m").terminal(drawn, compact=True)
    for stdout, is_drawn in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr("sys.stdout", stdout)
        _print_addresses(address, "k3y")
        said = stdout.getvalue()
        assert f"{scheme}://192.0.2.7:9\n" in said
        assert "k3y" in said
        assert (drawn.getvalue() in said) is is_drawn
