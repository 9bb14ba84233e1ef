"""Ask the service of this machine something over HTTP.

``python -m claptrap.doctor.ask`` asks it whether it is well, where CLAPTRAP_HOST and CLAPTRAP_PORT say that it is: exit
status 0 if it is. A container's health check, which needs neither curl nor NumPy.
"""

from __future__ import annotations

import http.client
import os
import ssl
import sys
from http import HTTPStatus

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
        except TimeoutError:  # a TLS server does not keep plain text waiting
            raise
        except (OSError, http.client.HTTPException):
            if connection is secured:
                raise
        finally:
            connection.close()
    raise AssertionError  # pragma: no cover  # the second one returns or raises


def is_well() -> bool:
    """Return whether the service runs; what only a person can mend does not count here."""
    host, port = os.environ.get("CLAPTRAP_HOST", "127.0.0.1"), int(os.environ.get("CLAPTRAP_PORT", "16045"))
    try:
        return ask(host, port, "/livez")[0] == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False


if __name__ == "__main__":
    sys.exit(0 if is_well() else 1)
