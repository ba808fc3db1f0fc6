"""The Hugging Face hub, or whatever `HF_ENDPOINT` puts in its place.

`huggingface_hub` supplies the address, the token, the offline switch and the user's own
cache. The bytes are streamed here, because a pull resumes in the file that all sources share
and must give up within seconds where the hub can't be reached.
"""

import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from export.catalogue import Checkpoint
from export.sources.base import CHUNK_BYTES, Partial, SourceUnavailable
from export.sources.deadline import in_time
from runtime.manifest import sha256_of

CONNECT_SECONDS = 6.0
"""Longest wait for the first answer, whatever name servers and addresses do."""
STALL_SECONDS = 20.0
"""Longest wait for the next bytes."""
STALLS_ALLOWED = 3
"""How often in a row a broken transfer is taken up again without having brought new bytes."""


class Hub:
    """A pinned revision of a repository on the hub."""

    label = "Hugging Face"

    def __init__(self, endpoint: str | None = None) -> None:
        self._endpoint = endpoint

    def fetch(self, checkpoint: Checkpoint, partial: Partial) -> None:
        """Append from the hub's local cache if it has the file, else over HTTP."""
        from huggingface_hub import constants

        cached = _cached(checkpoint)
        if cached is not None:
            _copy(cached, partial)
            return
        if constants.HF_HUB_OFFLINE:
            raise SourceUnavailable("HF_HUB_OFFLINE is set")
        self._stream(checkpoint, partial)

    def _stream(self, checkpoint: Checkpoint, partial: Partial) -> None:
        stalls = 0
        reached = False
        while not partial.complete:
            before = partial.size
            try:
                with _open_in_time(self._request(checkpoint, before)) as response:
                    reached = True
                    _append(response, before, partial)
                if not partial.complete:
                    raise ConnectionError("the transfer ended early")
            except urllib.error.HTTPError as error:
                error.close()
                raise SourceUnavailable(f"it answers HTTP {error.code}") from error
            except (OSError, HTTPException) as error:
                stalls = 0 if partial.size > before else stalls + 1
                if not reached or stalls > STALLS_ALLOWED:
                    raise SourceUnavailable(_reason(error)) from error
                time.sleep(0.2 * stalls)

    def _request(self, checkpoint: Checkpoint, offset: int) -> urllib.request.Request:
        from huggingface_hub import constants, get_token, hf_hub_url

        url = hf_hub_url(
            checkpoint.repository, checkpoint.file, revision=checkpoint.revision, endpoint=self._endpoint
        )
        request = urllib.request.Request(url, headers={"User-Agent": "spanfill"})
        token = None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()
        if token:
            # The hub redirects to storage elsewhere, which must not see the user's token.
            request.add_unredirected_header("Authorization", f"Bearer {token}")
        if offset:
            request.add_header("Range", f"bytes={offset}-")
        return request


def _cached(checkpoint: Checkpoint) -> Path | None:
    """The file in the user's own hub cache, if it is there and right."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(checkpoint.repository, checkpoint.file, revision=checkpoint.revision)
    if not isinstance(found, str):
        return None
    path = Path(found)
    try:
        same = path.stat().st_size == checkpoint.bytes and sha256_of(path) == checkpoint.sha256
    except OSError:
        return None
    return path if same else None


def _copy(path: Path, partial: Partial) -> None:
    try:
        with path.open("rb") as file:
            file.seek(partial.size)
            while chunk := file.read(CHUNK_BYTES):
                partial.write(chunk)
    except OSError as error:
        raise SourceUnavailable(f"its local cache can't be read: {error}") from error


def _append(response: HTTPResponse, offset: int, partial: Partial) -> None:
    if offset and response.status != 206:
        # The server does not do ranges: it sends the file from the start.
        partial.keep(0)
        offset = 0
    announced = response.headers.get("Content-Length")
    if announced is not None and offset + int(announced) != partial.total_bytes:
        raise SourceUnavailable(
            f"it offers {offset + int(announced):,} bytes where {partial.total_bytes:,} are expected"
        )
    # read1: a slow line must not lose a whole chunk when the pull is killed.
    while chunk := response.read1(CHUNK_BYTES):
        partial.write(chunk)


def _open_in_time(request: urllib.request.Request) -> HTTPResponse:
    """Open `request` within CONNECT_SECONDS."""

    def opened() -> HTTPResponse:
        response: HTTPResponse = urllib.request.urlopen(request, timeout=STALL_SECONDS)
        return response

    return in_time(opened, CONNECT_SECONDS, late=HTTPResponse.close)


def _reason(error: BaseException) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    return f"it can't be reached: {cause}" if str(cause) else f"it can't be reached: {type(cause).__name__}"
