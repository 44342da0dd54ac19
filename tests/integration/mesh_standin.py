"""A process that keeps the agreement between a service and the machine it runs on, and does nothing else.

So that the machine's part (deploy.local) is tested alone and quickly: listeners, mTLS, health, draining on SIGTERM.
"""

import argparse
import asyncio
import json
import signal
from pathlib import Path

import grpc
from aiohttp import web


async def _serve_http(address: str, instance: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"instance": instance})

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text="# TYPE chorus_edge_sockets gauge\nchorus_edge_sockets 7.0\n")

    app = web.Application()
    for path in ("/healthz", "/readyz", "/api/v4/system/ping"):
        app.router.add_get(path, answer)
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app)
    await runner.setup()
    host, port = address.split(":")
    await web.TCPSite(runner, host, int(port)).start()


async def _serve_grpc(address: str, identity: str, tls: Path) -> grpc.aio.Server:
    server = grpc.aio.server()
    pair = ((tls / f"{identity}-key.pem").read_bytes(), (tls / f"{identity}.pem").read_bytes())
    server.add_secure_port(address, grpc.ssl_server_credentials([pair], (tls / "ca.pem").read_bytes(), True))
    await server.start()
    return server


async def _main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("instance", "config", "listen", "rest", "websocket", "admin", "release"):
        parser.add_argument(f"--{name}")
    given = parser.parse_args()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    tls = Path(json.loads(Path(given.config).read_text())["ChorusSettings"]["TLSDirectory"])  # noqa: ASYNC240
    service = await _serve_grpc(given.listen, given.instance.rpartition("-")[0], tls)
    if given.rest:
        await _serve_http(given.rest, given.instance)
        await _serve_http(given.websocket, given.instance)
    await _serve_http(given.admin, given.instance)
    print("stand-in serves", flush=True)
    await stop.wait()
    await service.stop(1)


if __name__ == "__main__":
    asyncio.run(_main())
