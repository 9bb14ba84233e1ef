"""Signatures by which a receiver knows that a message is ours and fresh, after Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

PREFIX = "whsec_"


def signing_key(secret: str) -> bytes:
    """Return the key that a secret means: Base64 after ``whsec_``, any other text as it is.

    Raises:
        ValueError: what follows ``whsec_`` is no Base64, or nothing.
    """
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("no Base64 after whsec_") from error
    if not key:
        raise ValueError("no key after whsec_")
    return key


def signature_headers(secret: str, message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """Return the three headers that sign ``body``, sent at ``timestamp`` (UTC Unix seconds) as message ``message_id``."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(signing_key(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
