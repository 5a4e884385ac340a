"""What keeps the page to itself and alive: who may ask, how much at a time, and what a browser may do with it."""
import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

#: Of one request, bytes: a film of 3,000 x 3,000 pixels of 16 bits, in base64, and half as much again.
LARGEST = 36 * 2**20
#: Requests whose body is in memory at the same time; others wait, unread.
AT_A_TIME = 4
#: Seconds in which a request's body must have come.
PATIENCE = 60.
HEADERS = {
    'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
                               "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY',
    'cache-control': 'no-store',
}
_App = Callable[[dict, Callable, Callable], Awaitable[None]]


class Limits:
    """Goes around the whole application (ASGI).

    Without a token only this machine's own names are answered, lest a page elsewhere that a browser resolves to here
    asks (DNS rebinding). With one, ``/api/`` answers those alone who send it as ``Authorization: Bearer TOKEN``. A
    body that is too large, comes too slowly or is no JSON is refused; no more than :data:`AT_A_TIME` are read at once.

    Args:
        app: The application.
        token: What callers must know; None on a loopback address.
    """

    def __init__(self, app: _App, token: str | None) -> None:
        self.app, self.token = app, token
        self.free = asyncio.Semaphore(AT_A_TIME)

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        """See ASGI."""
        if scope['type'] != 'http':
            return await self.app(scope, receive, send)
        headers = {name.decode('latin-1').lower(): value.decode('latin-1') for name, value in scope['headers']}

        async def send_guarded(message: dict) -> None:
            if message['type'] == 'http.response.start':
                message = {**message, 'headers': [*message.get('headers', []), *(
                    (name.encode(), value.encode()) for name, value in HEADERS.items())]}
            await send(message)

        if refused := self._refused(scope, headers):
            return await _answer(send_guarded, *refused)
        if scope['method'] != 'POST':
            return await self.app(scope, receive, send_guarded)
        async with self.free:
            try:
                body = await asyncio.wait_for(_body(receive), PATIENCE)
            except _Gone:
                return None
            except asyncio.TimeoutError:
                return await _answer(send_guarded, 408, 'the upload took too long')
            if body is None:
                return await _answer(send_guarded, 413, _TOO_LARGE)
            return await self.app(scope, _once(body), send_guarded)

    def _refused(self, scope: dict, headers: dict[str, str]) -> tuple[int, str] | None:
        if self.token is None:
            if _name(headers.get('host', '')) not in ('localhost', '127.0.0.1', '[::1]', 'testserver'):
                return 421, 'this page answers to localhost alone; start it with --host to open it to others'
        elif scope['path'].startswith('/api/'):
            given = headers.get('authorization', '').removeprefix('Bearer ')
            if not hmac.compare_digest(given.encode(), self.token.encode()):
                return 401, 'the token is missing or wrong: open the address that the program printed'
        if scope['method'] == 'POST':
            if headers.get('content-type', '').split(';')[0].strip() != 'application/json':
                return 415, 'the body must be JSON, and say so'
            length = headers.get('content-length', '0')
            if not length.isdigit() or int(length) > LARGEST:
                return 413, _TOO_LARGE
        return None


class _Gone(Exception):
    """Who asked is no longer there."""


_TOO_LARGE = f'more than {LARGEST * 3 // 4 // 2**20} MB: this is no radiograph of one view'


def _name(host: str) -> str:
    return host if host.endswith(']') else host.rpartition(':')[0] or host


async def _body(receive: Callable) -> bytes | None:
    parts, length = [], 0
    while True:
        message = await receive()
        if message['type'] == 'http.disconnect':
            raise _Gone
        parts.append(message.get('body', b''))
        length += len(parts[-1])
        if length > LARGEST:
            return None
        if not message.get('more_body'):
            return b''.join(parts)


def _once(body: bytes) -> Callable[[], Awaitable[dict[str, Any]]]:
    waiting = [dict(type='http.request', body=body, more_body=False)]

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        await asyncio.Event().wait()  # nobody hears of a disconnect; the answer is short
        raise AssertionError

    return receive


async def _answer(send: Callable, status: int, message: str) -> None:
    body = json.dumps(dict(detail=message)).encode()
    await send(dict(type='http.response.start', status=status, headers=[
        (b'content-type', b'application/json'), (b'content-length', str(len(body)).encode()),
        (b'connection', b'close')]))
    await send(dict(type='http.response.body', body=body))
