"""Waiting for an answer from the network no longer than a person would."""

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def in_time(work: Callable[[], T], seconds: float, *, late: Callable[[T], None] | None = None) -> T:
    """What `work` returns or raises, if it does so within `seconds`.

    A socket's own time limit holds for each address and not at all for name resolution, so the wait
    is for a thread that is left behind when it takes too long.

    Args:
        work: run in a thread of its own.
        seconds: longest wait.
        late: given the result when it comes after all, to release it.

    Raises:
        TimeoutError: it takes longer.
    """
    answers: list[T] = []
    faults: list[BaseException] = []
    abandoned = threading.Event()

    def run() -> None:
        try:
            answer = work()
        except BaseException as error:  # handed to the waiting thread, which raises it
            faults.append(error)
            return
        answers.append(answer)
        if abandoned.is_set() and late is not None:
            late(answer)

    thread = threading.Thread(target=run, name="spanfill-hub", daemon=True)
    thread.start()
    thread.join(seconds)
    if faults:
        raise faults[0]
    if not answers:
        abandoned.set()
        raise TimeoutError(f"no answer in {seconds:g} seconds")
    return answers[0]
