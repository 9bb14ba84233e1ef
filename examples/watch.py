"""Prints what ClapTrap hears, live, over Socket.IO: claps, and the sounds that it names.

pip install 'python-socketio[asyncio_client]'
python3 examples/watch.py [http://localhost:16045] [--token …]

The token (`claptrap token create`) is needed where ClapTrap has a password.
"""

import argparse
import asyncio
import contextlib

import socketio


async def watch(url: str, token: str) -> None:
    client = socketio.AsyncClient()

    @client.event
    async def clap(heard):
        print(f"👏 {heard['source_name']}: {heard['claps']} clap(s), score {heard['score']:.2f}", flush=True)

    @client.event
    async def labels(heard):
        if heard["detected"]:
            print(f"   {heard['source_id']}: {heard['detected'][0]['label']}", flush=True)

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    await client.connect(url, headers=headers, transports=["websocket"])
    print(f"Listening to {url}", flush=True)
    await client.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?", default="http://localhost:16045")
    parser.add_argument("--token", default="")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(watch(arguments.url, arguments.token))
