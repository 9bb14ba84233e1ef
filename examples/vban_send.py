"""Sends a WAV file (16 bits) to ClapTrap as a VBAN stream, in real time: a sender to try without Voicemeeter.

python3 examples/vban_send.py FILE.wav [--to 127.0.0.1] [--port 6980] [--name Demo]
"""

import argparse
import socket
import struct
import time
import wave

RATES = (6000, 12000, 24000, 48000, 96000, 192000, 384000, 8000, 16000, 32000, 64000, 128000, 256000, 512000)
RATES += (11025, 22050, 44100)  # a packet names its rate by its place in this list
INT16 = 1
MOST_BYTES, MOST_FRAMES = 1436, 256

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("file")
parser.add_argument("--to", default="127.0.0.1")
parser.add_argument("--port", type=int, default=6980)
parser.add_argument("--name", default="Demo")
arguments = parser.parse_args()

with wave.open(arguments.file) as sound, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
    rate, channels = sound.getframerate(), sound.getnchannels()
    if sound.getsampwidth() != 2 or rate not in RATES:
        raise SystemExit("Only 16 bits, at one of VBAN's rates: sox FILE -b 16 -r 48000 OUT.wav")
    frames = min(MOST_FRAMES, MOST_BYTES // (2 * channels))
    begin, sent, number = time.monotonic(), 0, 0
    while block := sound.readframes(frames):
        n = len(block) // (2 * channels)
        name = arguments.name.encode()[:16].ljust(16, b"\0")
        header = struct.pack("<4sBBBB16sI", b"VBAN", RATES.index(rate), n - 1, channels - 1, INT16, name, number)
        out.sendto(header + block, (arguments.to, arguments.port))
        sent, number = sent + n, (number + 1) % 2**32
        time.sleep(max(0.0, begin + sent / rate - time.monotonic()))
print(f"{number} packets of {arguments.name} sent to {arguments.to}:{arguments.port}")
