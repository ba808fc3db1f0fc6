"""Neovims of each version, for all tests here; a version that is not on this machine is skipped."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the rig's own modules

import neovims
from neovims import Neovim, NotThere
from user import User

Start = Callable[..., User]
"""Starts a Neovim; takes what `User` takes besides the program and the folder."""

FAULTS = ("E5108", "Error executing", "Error detected", "stack traceback", "Error in ")
"""What Neovim writes when a plugin breaks."""


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
            no_faults(user)
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
    no_faults(neighbour)


def no_faults(user: User) -> None:
    """Nothing has broken: no error message since the last start."""
    broken = [line for line in user.messages if any(fault in line for fault in FAULTS)]
    assert not broken, "\n".join(user.messages)
    assert user.request("nvim_get_vvar", "errmsg") == ""
