"""Background work and requests: who stands aside for whom, and that both get on."""

import threading
import time

import pytest

from lsp_server import right_of_way as module
from lsp_server.right_of_way import RightOfWay


class Clock:
    """Time that passes when somebody sleeps, and by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def test_short_pieces_of_work_are_not_interrupted(clock: Clock) -> None:
    pause = RightOfWay().pauses()
    clock.now += 0.0001
    pause()
    assert clock.slept == []


def test_the_interpreter_is_given_up_after_a_while(clock: Clock) -> None:
    pause = RightOfWay().pauses()
    clock.now += 0.001
    pause()
    pause()
    assert len(clock.slept) == 1


def test_a_request_goes_first_for_as_long_as_it_takes(clock: Clock) -> None:
    way = RightOfWay()
    pause = way.pauses()
    way.take()
    began = clock.now
    pause()
    assert clock.now - began == pytest.approx(module.CLEAR_S)


def test_requests_without_end_do_not_keep_it_for_ever(clock: Clock) -> None:
    way = RightOfWay()
    pause = way.pauses()
    sleep = clock.sleep

    def sleep_while_another_comes(seconds: float) -> None:
        sleep(seconds)
        way.take()

    clock.sleep = sleep_while_another_comes  # type: ignore[method-assign]
    way.take()
    began = clock.now
    pause()
    assert module.CLEAR_S < clock.now - began < 0.2


def test_a_busy_thread_lets_another_in_soon() -> None:
    """With real threads: the one that computes in pieces gives way much sooner than it is made to."""
    way, ended = RightOfWay(), threading.Event()
    pause = way.pauses()

    def compute() -> None:
        while not ended.is_set():
            sum(range(2000))
            pause()

    thread = threading.Thread(target=compute)
    thread.start()
    waits = []
    try:
        for _ in range(30):
            way.take()
            began = time.perf_counter()
            time.sleep(0)  # gives the interpreter up, and has to win it back
            waits.append(time.perf_counter() - began)
    finally:
        ended.set()
        thread.join()
    assert sorted(waits)[15] < 0.004
