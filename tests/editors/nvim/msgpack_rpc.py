"""MessagePack-RPC with a child process over its standard input and output, as `nvim --embed` speaks it.

Requests wait for their answer; notifications go to listeners as they come, on the thread that reads.
Knows nothing of Neovim's functions.
"""

import contextlib
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgpack

Listener = Callable[[str, list[Any]], None]
"""Takes a notification's method and arguments."""

REQUEST, RESPONSE, NOTIFICATION = 0, 1, 2
"""The message types of the protocol (msgpack-rpc, "Message specification")."""


class RpcError(Exception):
    """The child answered a request with an error, or went away."""


class Child:
    """A process that answers requests."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, listener: Listener
    ) -> None:
        self.process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C at the tests is not one at the editor
        )
        self._listener = listener
        self._last_id = 0
        self._answers: dict[int, tuple[Any, Any]] = {}
        self._news = threading.Condition()
        self._gone = False
        self._writing = threading.Lock()
        """Listeners may send too."""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def request(self, method: str, *arguments: Any, patience_s: float) -> Any:
        """What a method answers.

        Raises:
            RpcError: it answered with an error, or the process ended.
            TimeoutError: it did not answer in time.
        """
        self._last_id += 1
        identifier = self._last_id
        self._send([REQUEST, identifier, method, arguments])
        with self._news:
            if not self._news.wait_for(lambda: identifier in self._answers or self._gone, patience_s):
                raise TimeoutError(f"{method} was not answered within {patience_s:g} s")
            if identifier not in self._answers:
                raise RpcError(f"{method}: the process ended")
            error, result = self._answers.pop(identifier)
        if error is not None:
            raise RpcError(f"{method}: {error[1] if isinstance(error, list) else error}")
        return result

    def notify(self, method: str, *arguments: Any) -> None:
        """Call a method that nobody waits for."""
        self._send([NOTIFICATION, method, arguments])

    def close(self, patience_s: float) -> None:
        """Close its input, upon which it ends; kill it where it does not."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it is gone already
            self.process.stdin.close()
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(patience_s)
        self._reader.join(patience_s)
        self.process.stdout.close()

    def _send(self, message: list[Any]) -> None:
        assert self.process.stdin is not None
        packed = msgpack.packb(message, unicode_errors="surrogateescape")
        try:
            with self._writing:
                self.process.stdin.write(packed)
                self.process.stdin.flush()
        except BrokenPipeError:
            raise RpcError("the process ended") from None

    def _read(self) -> None:
        assert self.process.stdout is not None
        # Buffers, windows and tabs come as extension types; nothing here needs what is in them.
        unpacker = msgpack.Unpacker(
            raw=False, strict_map_key=False, unicode_errors="surrogateescape", ext_hook=lambda _, data: data
        )
        while data := self.process.stdout.read1(65_536):  # type: ignore[attr-defined]
            unpacker.feed(data)
            for message in unpacker:
                self._take(message)
        with self._news:
            self._gone = True
            self._news.notify_all()

    def _take(self, message: list[Any]) -> None:
        if message[0] == RESPONSE:
            with self._news:
                self._answers[message[1]] = (message[2], message[3])
                self._news.notify_all()
        elif message[0] == NOTIFICATION:
            self._listener(message[1], message[2])
