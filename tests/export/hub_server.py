"""A hub on the loopback interface that behaves well, or badly in one chosen way."""

import hashlib
import json
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

    with _serving(Handler) as url:
        hub.url = url
        try:
            yield hub
        finally:
            hub.resume.set()


@dataclass(kw_only=True)
class Repository:
    """A whole repository at one commit, as the hub serves it."""

    name: str
    files: dict[str, bytes]
    commit: str = "c0ffee" + "0" * 34
    branch: str = "main"
    refusal: str = ""
    """`X-Error-Code` to answer everything with, as the hub does where it refuses."""
    cut_at: dict[str, int] = field(default_factory=dict)
    """Files of which only so many bytes arrive."""
    url: str = ""
    requests: list[str] = field(default_factory=list)
    """Method and path of each request."""


@contextmanager
def serve_repository(repository: Repository) -> Iterator[Repository]:
    listing = f"/api/models/{repository.name}/revision/"
    files = f"/{repository.name}/resolve/{repository.commit}/"

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(head=True)

        def do_GET(self) -> None:
            self._answer(head=False)

        def _answer(self, *, head: bool) -> None:
            path = self.path.partition("?")[0]
            repository.requests.append(f"{self.command} {path}")
            if repository.refusal:
                self._refuse(repository.refusal)
            elif path.startswith(listing):
                if path.removeprefix(listing) not in (repository.branch, repository.commit):
                    self._refuse("RevisionNotFound")
                    return
                siblings = [
                    {"rfilename": name, "size": len(content)} for name, content in repository.files.items()
                ]
                answer = {"id": repository.name, "sha": repository.commit, "siblings": siblings}
                self._send(json.dumps(answer).encode(), "application/json", head=head)
            elif path.startswith(files) and path.removeprefix(files) in repository.files:
                self._send_file(path.removeprefix(files), head=head)
            else:
                self._refuse("EntryNotFound" if path.startswith(files) else "RepoNotFound")

        def _send_file(self, name: str, *, head: bool) -> None:
            content = repository.files[name]
            self._send(content, "application/octet-stream", head=head, cut_at=repository.cut_at.get(name))

        def _send(self, body: bytes, kind: str, *, head: bool, cut_at: int | None = None) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{hashlib.sha1(body).hexdigest()}"')
            self.send_header("X-Repo-Commit", repository.commit)
            self.end_headers()
            if not head:
                self.wfile.write(body[:cut_at])

        def _refuse(self, code: str) -> None:
            self.send_response(403 if code == "GatedRepo" else 404)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Tests need no access log."""

    with _serving(Handler) as url:
        repository.url = url
        yield repository


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server with `handler` on a free port of the loopback interface: its address."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that goes away is part of the tests."""

    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
