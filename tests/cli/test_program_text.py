"""What the start has read of libraries goes back, before there are threads; nothing is lost with it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

COUNT = """
import json, os, re, threading, time
import numpy as np
from claptrap.cli.program_text import give_text_back

def mapped_kb():
    said = open("/proc/self/smaps_rollup").read()
    rss, own = (int(re.search(rf"^{name}: +(\\d+)", said, re.MULTILINE)[1]) for name in ("Rss", "Anonymous"))
    return rss - own

def worth():
    before = mapped_kb()
    give_text_back()
    return before - mapped_kb()

ending = threading.Event()
other = threading.Thread(target=ending.wait)
other.start()
beside_a_thread = worth()
ending.set()
other.join()
while len(os.listdir("/proc/self/task")) > 1:  # for a moment the system has what Python has joined
    time.sleep(0.001)
print(json.dumps([beside_a_thread, worth(), np.linalg.norm(np.fft.rfft(np.ones(4)))]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_text_goes_back_where_no_other_thread_can_load_a_library() -> None:
    said = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True).stdout
    beside_a_thread, alone, product = json.loads(said)
    assert beside_a_thread < 500
    assert alone > 2000
    assert product == 4.0
