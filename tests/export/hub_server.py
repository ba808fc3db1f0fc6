"""A hub on the loopback interface that behaves well, or badly in one chosen way."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tiny_models import CHECKPOINT, CONTENT

PATH = f"/{CHECKPOINT.repository}/resolve/{CHECKPOINT.revision}/{CHECKPOINT.file}"


@dataclass(kw_only=True)
class Hub:
    """How to answer, and what was asked."""

    content: bytes = CONTENT
    ranges: bool = True
    """Answer a Range with 206, as the hub does; else with the whole file."""
    status: int = 200
    drop_after: int | None = None
    """Close each connection after so many bytes, though more were announced."""
    pause_after: int | None = None
    """Send so many bytes, then nothing until `resume` is set."""
    redirect_to: str = ""
    announce: bool = True
    resume: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    requests: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.requests.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
            if hub.redirect_to:
                self.send_response(302)
                self.send_header("Location", hub.redirect_to + self.path)
                self.end_headers()
            elif hub.status != 200 or self.path != PATH:
                self.send_error(hub.status if hub.status != 200 else 404)
            else:
                self._send()

        def _send(self) -> None:
            wanted = self.headers.get("Range") if hub.ranges else None
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
            body = hub.content[start:]
            self.send_response(206 if wanted else 200)
            if hub.announce:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if hub.pause_after is not None:
                self.wfile.write(body[: hub.pause_after])
                self.wfile.flush()
                hub.resume.wait(60)
                body = body[hub.pause_after :]
            self.wfile.write(body[: hub.drop_after])

        def log_message(self, *_: object) -> None:
            """Tests need no access log."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that goes away is part of the tests."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        hub.resume.set()
        server.shutdown()
        thread.join()
        server.server_close()
