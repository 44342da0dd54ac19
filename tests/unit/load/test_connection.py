"""The lean client reads what servers really send: in pieces, and in chunks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.load import connection
from tests.load.connection import Refused


@asynccontextmanager
async def server(*pieces: bytes) -> AsyncIterator[str]:
    """A server that answers the first request with these pieces, and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as served:
        yield f"http://127.0.0.1:{served.sockets[0].getsockname()[1]}"


async def test_an_answer_in_pieces_is_put_together() -> None:
    async with server(b"HTTP/1.1 201 Cre", b"ated\r\nToken: t\r\ncontent-Length: 4\r\n\r", b"\nab", b"cd") as url:
        answer = await (await connection.connect(url)).ask("POST", "/", expect=201)
    assert (answer.body, answer.header("token"), answer.header("absent")) == (b"abcd", "t", "")


async def test_chunks_are_joined() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with server(head + b"3\r\nabc\r\n", b"2;x=y\r\nde\r\n0\r\n", b"\r\n") as url:
        assert (await (await connection.connect(url)).ask("GET", "/")).body == b"abcde"


async def test_another_status_is_refused_with_what_the_server_said() -> None:
    async with server(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno!!") as url:
        line = await connection.connect(url)
        with pytest.raises(Refused, match=r"403 and not 200: no!!"):
            await line.ask("GET", "/")


async def test_a_connection_that_ends_early_is_an_error() -> None:
    async with server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab") as url:
        line = await connection.connect(url)
        with pytest.raises(ConnectionError):
            await line.send(connection.request("GET", "/"))
