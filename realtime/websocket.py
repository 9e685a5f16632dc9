"""The WebSocket at `/ws`: hello, events in order, resume, ping; the frames are those of the design page."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from django.db import Error
from starlette.types import Receive, Scope, Send

from realtime import frames
from realtime.admission import enter
from realtime.answers import refuse
from realtime.hub import Hub
from realtime.identity import Identity, from_token
from realtime.limits import REASONS, Close
from realtime.listener import Listener
from realtime.races import first_of, patiently
from realtime.sink import STAFF
from webhooks.problems import Problem

logger = structlog.get_logger("realtime")
Handler = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]


async def socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Admit, talk, close."""
    await receive()
    try:
        hub, listener, identity = await enter(scope)
    except Problem as problem:
        # Servers answer 403 to every handshake that is not accepted, so that is what clients know.
        problem.status = 403 if problem.status == 401 else problem.status
        await refuse(problem, scope, receive, send)
        return
    code, started = Close.GONE, time.perf_counter()
    try:
        await send({"type": "websocket.accept"})
        code = await Conversation(hub, listener, identity, receive, send).hold()
    finally:
        hub.leave(listener)
        seconds = round(time.perf_counter() - started, 1)
        logger.info("socket.closed", stream=listener.watch.key, code=int(code), seconds=seconds)
    if code is not Close.GONE:
        await patiently(send({"type": "websocket.close", "code": int(code), "reason": REASONS[code]}), hub.limits.send)


class Conversation:
    """One accepted socket, from hello to close."""

    def __init__(self, hub: Hub, listener: Listener, identity: Identity, receive: Receive, send: Send) -> None:
        self._hub, self._listener, self._identity = hub, listener, identity
        self._receive, self._send = receive, send
        self._heard = 0
        self._handlers: dict[str, Handler] = {"resume": self._resume, "pong": self._pong, "token": self._token}

    async def hold(self) -> Close:
        """Talk until one side has had enough; returns why."""
        watch, limits = self._listener.watch, self._hub.limits
        self._listener.expire_in(self._identity.seconds_left)
        self._listener.post(frames.hello(watch.epoch, self._listener.seq, limits.heartbeat))
        self._start = asyncio.get_running_loop().call_later(limits.hold, self._hub.follow, self._listener)
        try:
            return await first_of(self._hear(), self._speak(), self._beat(), self._listener.closed)
        finally:
            self._start.cancel()

    async def _speak(self) -> Close:
        while True:
            frame = await self._listener.mailbox.take()
            failure = await patiently(self._send({"type": "websocket.send", "text": frame.text}), self._hub.limits.send)
            if failure is not None:
                return failure

    async def _beat(self) -> Close:
        limits = self._hub.limits
        while True:
            await asyncio.sleep(limits.heartbeat - limits.grace)
            heard = self._heard
            self._listener.post(frames.PING)
            await asyncio.sleep(limits.grace)
            if self._heard == heard:
                return Close.SILENT

    async def _hear(self) -> Close:
        while (message := await self._receive())["type"] != "websocket.disconnect":
            self._heard += 1
            self._start.cancel()
            try:
                frame = frames.parse(message)
                await self._handler(frame["type"])(frame)
            except frames.BadFrame as error:
                self._listener.post(frames.error(str(error)))
            except Error as error:
                logger.warning("socket.failed", stream=self._listener.watch.key, error=repr(error))
                return Close.TRY_AGAIN
            self._hub.follow(self._listener)
        return Close.GONE

    def _handler(self, kind: str) -> Handler:
        try:
            return self._handlers[kind]
        except KeyError:
            raise frames.BadFrame(f"Clients send {', '.join(self._handlers)}; not this type.") from None

    async def _pong(self, _frame: dict[str, Any]) -> None:
        """Having been heard is all there is to it."""

    async def _resume(self, frame: dict[str, Any]) -> None:
        epoch, seq = frame.get("epoch"), frame.get("seq")
        if not isinstance(epoch, str) or not isinstance(seq, int) or isinstance(seq, bool):
            raise frames.BadFrame('To resume, give the "epoch" of a hello and the "seq" of the last event you had.')
        await self._hub.rewind(self._listener, epoch, seq)

    async def _token(self, frame: dict[str, Any]) -> None:
        token = frame.get("access_token")
        if not isinstance(token, str):
            raise frames.BadFrame('A token frame carries an "access_token".')
        identity = await self._hub.database.run(from_token, token)
        if identity is None or identity.seconds_left <= 0:
            raise frames.BadFrame("This access token is not valid (any more).")
        if identity.user_id != self._identity.user_id:
            raise frames.BadFrame("This access token is somebody else's; open a connection of their own.")
        if self._listener.watch.key == STAFF and not identity.is_staff:
            self._listener.close(Close.FORBIDDEN)
        self._listener.expire_in(identity.seconds_left)
