"""Asking a running fill to stop, from any thread."""

import threading
from collections.abc import Callable

from runtime.errors import FillCancelled


class CancelToken:
    """A flag polled between passes, with a hook that reaches into the running pass."""

    __slots__ = ("_flag", "_lock", "_on_cancel")

    def __init__(self) -> None:
        self._flag = threading.Event()
        self._lock = threading.Lock()
        self._on_cancel: Callable[[], None] | None = None

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._flag.is_set()

    def cancel(self) -> None:
        """Stop the fill that holds this token. Safe to call twice, from any thread."""
        self._flag.set()
        with self._lock:
            if self._on_cancel is not None:
                self._on_cancel()

    def watch(self, on_cancel: Callable[[], None] | None) -> None:
        """Call `on_cancel` when cancelled, at once if it already was; None stops watching.

        Returning from `watch(None)` guarantees that no call is under way any more.
        """
        with self._lock:
            self._on_cancel = on_cancel
            if on_cancel is not None and self._flag.is_set():
                on_cancel()

    def check(self) -> None:
        """Raise FillCancelled if cancelled."""
        if self._flag.is_set():
            raise FillCancelled("The fill was cancelled.")
