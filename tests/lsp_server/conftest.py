import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))  # the tests' own client

from editor import SCRIPTED, Editor, make_client


@pytest_asyncio.fixture
async def editor() -> AsyncIterator[Editor]:
    """A client of a fresh server process around the scripted engine; it is not initialized yet."""
    client = make_client()
    await client.start_io(sys.executable, SCRIPTED)
    yield client.editor  # type: ignore[attr-defined]
    await client.shutdown_session()
    await client.stop()
