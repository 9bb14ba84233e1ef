"""Ask the service of this machine something over HTTP."""

from __future__ import annotations

import http.client
import ssl

ASK_S = 3.0
MOST_ANSWER_BYTES = 1_000_000


def ask(host: str, port: int, path: str) -> tuple[int, bytes]:
    """Return the status and what the service of this machine answers, over HTTP or HTTPS, whatever it proves to be.

    Raises:
        OSError, http.client.HTTPException: it does not answer.
    """
    known = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # to be called, not to be bound
    lenient = ssl.create_default_context()
    lenient.check_hostname = False
    lenient.verify_mode = ssl.CERT_NONE
    plain = http.client.HTTPConnection(known, port, timeout=ASK_S)
    secured = http.client.HTTPSConnection(known, port, timeout=ASK_S, context=lenient)
    for connection in (plain, secured):
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read(MOST_ANSWER_BYTES)
        except TimeoutError:  # whoever speaks TLS does not keep plain text waiting
            raise
        except (OSError, http.client.HTTPException):
            if connection is secured:
                raise
        finally:
            connection.close()
    raise AssertionError  # pragma: no cover  # the second one returns or raises
