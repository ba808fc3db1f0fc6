"""Neovims of each version, for all tests here; a version that is not on this machine is skipped."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the rig's own modules

import neovims
from neovims import Neovim, NotThere
from user import Start, User


@pytest.fixture(scope="session", params=neovims.VERSIONS)
def neovim(request: pytest.FixtureRequest) -> Neovim:
    """A Neovim of each version in turn."""
    try:
        return neovims.find(request.param)
    except NotThere as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def crowd(neovim: Neovim, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts Neovims that last as long as the tests of a file."""
    yield from _starting(neovim, tmp_path_factory)


@pytest.fixture
def start(neovim: Neovim, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts Neovims for one test, and sees that none of them had anything to complain of."""
    yield from _starting(neovim, tmp_path_factory)


def _starting(neovim: Neovim, folders: pytest.TempPathFactory) -> Iterator[Start]:
    users: list[User] = []

    def start(**how: object) -> User:
        users.append(User(neovim, folders.mktemp("home"), **how))  # type: ignore[arg-type]
        return users[-1]

    try:
        yield start
        for user in users:
            user.has_seen_no_fault()
    finally:
        for user in users:
            user.leave()


@pytest.fixture(scope="module")
def neighbour(crowd: Start) -> User:
    """One Neovim around the scripted server for all tests of a file."""
    return crowd()


@pytest.fixture
def user(neighbour: User) -> Iterator[User]:
    """That Neovim with nothing of an earlier test left."""
    neighbour.starts_over()
    yield neighbour
    neighbour.has_seen_no_fault()
