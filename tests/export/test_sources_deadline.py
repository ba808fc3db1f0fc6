"""Answers that come in time, too late, or never."""

import threading
import time

import pytest

from export.sources.deadline import in_time


def test_an_answer_or_an_error_is_handed_on() -> None:
    assert in_time(lambda: 7, 5) == 7

    def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        in_time(fail, 5)


def test_none_is_an_answer() -> None:
    assert in_time(lambda: None, 5) is None


def test_a_late_answer_is_released_and_not_waited_for() -> None:
    answer, released = threading.Event(), threading.Event()
    taken: list[str] = []

    def slow() -> str:
        answer.wait(30)
        return "late"

    def release(result: str) -> None:
        taken.append(result)
        released.set()

    started = time.monotonic()
    with pytest.raises(TimeoutError, match=r"no answer in 0\.05 seconds"):
        in_time(slow, 0.05, late=release)
    assert time.monotonic() - started < 5
    assert taken == []
    answer.set()
    assert released.wait(10)
    assert taken == ["late"]
