"""A receiver of ClapTrap's webhooks in Python's own library: prints each detection, and verifies the signature.

What it has had already it says so, and acts on it no more.

python3 examples/receiver.py [--port 8080] [--secret whsec_…]

The secret is the webhook's ``signing_secret``; what is signed, and how: https://www.standardwebhooks.com
"""

import argparse
import base64
import contextlib
import hashlib
import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MOST_BYTES = 100_000
TOLERANCE_S = 300


def is_genuine(secret: str, headers, body: bytes) -> bool:
    """Return whether whoever knows the secret has signed the body, and has done so just now."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    sent = headers.get("webhook-timestamp", "")
    if not sent.isdigit() or abs(time.time() - int(sent)) > TOLERANCE_S:
        return False
    signed = f"{headers.get('webhook-id', '')}.{sent}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(expected, given) for given in headers.get("webhook-signature", "").split())


SEEN = set()  # a repeat has the same key; a real receiver would keep the last thousand only


class Receiver(BaseHTTPRequestHandler):
    secret = ""

    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), MOST_BYTES))
        if self.secret and not is_genuine(self.secret, self.headers, body):
            self.send_error(401, "wrong signature")
            return
        self.send_response(204)
        self.end_headers()
        key = self.headers.get("Idempotency-Key", "")
        heard = json.loads(body)
        said = f"{heard['event']} × {heard['claps']} in {heard['source_name']}, score {heard['score']}"
        print(f"   again, and not acted on: {said}" if key in SEEN else f"👏 {said}", flush=True)
        SEEN.add(key)

    def log_message(self, *_):
        """Say nothing of requests."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--secret", default="")
    arguments = parser.parse_args()
    Receiver.secret = arguments.secret
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), Receiver)
    print(f"Waiting for claps on http://127.0.0.1:{server.server_port}/clap", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
