"""One person's WebSocket that comes back whenever it is lost, and records every event that it is told."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import aiohttp
import msgspec

from tests.e2e.client import Place
from tests.faults.caller import Session
from tests.faults.history import End, Frame, Open, Recorder

PING_SECONDS = 5.0
"""Between a client's own pings; one without an answer for so long again ends the connection."""
_OPENING_SECONDS = 6.0
_CLOSING = aiohttp.ClientWSTimeout(ws_close=1.0)
_PAUSE = (0.1, 0.6)


class _Data(msgspec.Struct):
    post: str = ""
    reaction: str = ""
    user_id: str = ""
    connection_id: str = ""
    status: str = ""


class _Broadcast(msgspec.Struct):
    channel_id: str = ""
    user_id: str = ""


class _Message(msgspec.Struct):
    event: str = ""
    data: _Data = msgspec.field(default_factory=_Data)
    broadcast: _Broadcast = msgspec.field(default_factory=_Broadcast)
    seq: int = -1
    seq_reply: int = 0


class _Post(msgspec.Struct):
    id: str
    channel_id: str
    user_id: str
    create_at: int
    update_at: int
    message: str


class _Reaction(msgspec.Struct):
    post_id: str
    user_id: str
    emoji_name: str
    create_at: int
    channel_id: str = ""


_message = msgspec.json.Decoder(_Message).decode
_post = msgspec.json.Decoder(_Post).decode
_reaction = msgspec.json.Decoder(_Reaction).decode


def token_of(message: str) -> str:
    """The writer's mark at the beginning of a text; nothing in a text of somebody else."""
    first = message.partition(" ")[0]
    return first if first[:1] == "w" and first[1:].isdecimal() else ""


def frame_of(socket: int, at: float, text: str | bytes) -> Frame | None:
    """What to record of a message; None for what is no event."""
    message = _message(text)
    if not message.event:
        return None
    channel, event, seq = message.broadcast.channel_id, message.event, message.seq
    if event == "hello":
        return Frame(socket, at, seq, event, id=message.data.connection_id)
    if event in ("posted", "post_edited", "post_deleted"):
        post = _post(message.data.post)
        changed = {"posted": post.create_at, "post_edited": post.update_at}.get(event, 0)
        return Frame(
            socket, at, seq, event, post.channel_id, post.id, changed, post.user_id, token=token_of(post.message)
        )
    if event in ("reaction_added", "reaction_removed"):
        one = _reaction(message.data.reaction)
        return Frame(socket, at, seq, event, channel, one.post_id, one.create_at, one.user_id, one.emoji_name)
    return Frame(socket, at, seq, event, channel, user=message.data.user_id or message.broadcast.user_id)


class Ear:
    """Listens for one session until it is closed. What was told is in the history; here is only how far it is."""

    def __init__(
        self,
        recorder: Recorder,
        http: aiohttp.ClientSession,
        places: Sequence[Place],
        chance: random.Random,
        user: str,
        session: Session,
        *,
        comes_back: bool = True,
    ) -> None:
        """Listen at the first of the places; come back at any of them."""
        self.user, self.session = user, session
        self.told: Counter[str] = Counter()
        """Posts that it heard of, by their token, on the connection that it has now."""
        self.is_open = False
        self._recorder, self._http, self._places, self._chance = recorder, http, places, chance
        self._comes_back = comes_back
        self._news = asyncio.Condition()
        self._connection: aiohttp.ClientWebSocketResponse | None = None
        self._how = ""
        self._resumes, self._sequence = "", 0
        self._heard = 0.0
        self._gave_up = False
        self._task = asyncio.create_task(self._live())

    async def hears(self, token: str, seconds: float) -> bool:
        """Wait until it was told of the post with this token."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: self.told[token])
        except TimeoutError:
            return False
        return True

    async def opens(self, seconds: float) -> bool:
        """Wait until it is greeted."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: self.is_open)
        except TimeoutError:
            return False
        return True

    async def close(self, how: str = "client") -> None:
        """End it: by the person's own will (`client`), or because everything has come to rest (SETTLED)."""
        self._how, self._comes_back = how, False
        if self._connection is not None:
            await self._connection.close()
        else:
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def ended(self) -> None:
        """Wait until it is over for good: for one that does not come back."""
        await asyncio.gather(self._task, return_exceptions=True)

    async def _live(self) -> None:
        place = self._places[0]
        while True:
            await self._connect(place)
            if not self._comes_back:
                return
            await asyncio.sleep(self._chance.uniform(*_PAUSE))  # a client's pause before it comes back
            place = self._chance.choice(self._places)

    async def _connect(self, place: Place) -> None:
        number = self._recorder.next_socket()
        opened = Open(number, time.monotonic(), self.user, self.session.name, place.name, self._resumes, self._sequence)
        self._recorder.add(opened)
        how = "refused"
        try:
            async with asyncio.timeout(_OPENING_SECONDS):
                connection = await self._http.ws_connect(
                    place.websocket,
                    headers={"Authorization": f"Bearer {self.session.token}"},
                    params={"connection_id": self._resumes, "sequence_number": str(self._sequence)},
                    max_msg_size=0,
                    timeout=_CLOSING,
                )
            self._connection = connection
            how = await self._listen(number, connection)
        except (aiohttp.ClientError, TimeoutError, OSError):
            pass
        finally:
            self._connection, self.is_open = None, False
            self._recorder.add(End(number, time.monotonic(), self._how or how))

    async def _listen(self, number: int, connection: aiohttp.ClientWebSocketResponse) -> str:
        self._heard, self._gave_up = time.monotonic(), False
        pings = asyncio.create_task(self._ping(connection))
        try:
            async for message in connection:
                self._heard = time.monotonic()
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._take(number, message.data)
        finally:
            pings.cancel()
        code = connection.close_code
        if self._gave_up or code in (None, aiohttp.WSCloseCode.ABNORMAL_CLOSURE):
            return "lost"
        return str(code)

    async def _take(self, number: int, text: Any) -> None:
        frame = frame_of(number, self._heard, text)
        if frame is None:
            return
        self._recorder.add(frame)
        self._sequence = frame.seq + 1
        if frame.event == "hello":
            self._resumes = frame.id
            self.told.clear()
        async with self._news:
            self.is_open = True
            if frame.token:
                self.told[frame.token] += 1
            self._news.notify_all()

    async def _ping(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        """A real client's pings: without an answer the connection is given up."""
        for seq in range(1, 1_000_000):
            await asyncio.sleep(PING_SECONDS)
            if time.monotonic() - self._heard > 2 * PING_SECONDS:
                self._gave_up = True
                await connection.close()
                return
            with contextlib.suppress(ConnectionError):
                await connection.send_str(f'{{"action":"ping","seq":{seq}}}')
