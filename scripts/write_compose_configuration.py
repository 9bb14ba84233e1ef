"""Write packaging/compose/mediamtx.yml, made of the configuration that is shipped; a test fails where they differ."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
SHIPPED, COMPOSED = ROOT / "mediamtx/mediamtx.yml", ROOT / "packaging/compose/mediamtx.yml"
HEAD = """# Made of mediamtx/mediamtx.yml by scripts/write_compose_configuration.py, for compose.yaml. No port is published:
# only the other containers reach it. ClapTrap's source for a path: rtsp://mediamtx:8554/NAME; its page asks the API by name.
# The microphone of the host: give the container /dev/snd (devices: ["/dev/snd"]).
# Fait de mediamtx/mediamtx.yml, pour compose.yaml : aucun port n'est publié, seuls les autres conteneurs l'atteignent.
"""
PRIVATE = '["127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]'
CHANGES = (
    ("rtspAddress: 127.0.0.1:8554", "rtspAddress: :8554"),
    ("apiAddress: 127.0.0.1:9997", "apiAddress: :9997"),
    ('    ips: ["127.0.0.1", "::1"]\n', f"    ips: {PRIVATE}\n"),
)


def composed() -> str:
    """Return the text; raise ValueError where the shipped one lacks what is changed."""
    text = SHIPPED.read_text("utf-8")
    for shipped, there in CHANGES:
        if text.count(shipped) != 1:
            raise ValueError(shipped)
        text = text.replace(shipped, there)
    return HEAD + text


if __name__ == "__main__":
    COMPOSED.write_text(composed(), "utf-8")
