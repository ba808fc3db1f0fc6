"""The model that users get, in the editor they use: ghost text and a function's body."""

from pathlib import Path

import pytest
from user import SERVE, Start, User

STUB = '''def mean(values: list[float]) -> float:
    """The arithmetic mean of some values."""
    pass


def total(values: list[float]) -> float:
    """The sum of some values."""
'''
PATIENT = {"completion": {"budgetMs": 30_000}}
"""A busy machine may be many times slower than the automatic budget allows for."""


@pytest.fixture
def served(start: Start, default_model: Path) -> User:
    """Someone with the default model."""
    return start(server=SERVE, settings={"model": {"name": str(default_model)}, **PATIENT})


def test_ghost_text_and_a_function(served: User) -> None:
    served.open(STUB)
    served.type("Goreturn ")
    served.until("ghost text", lambda: served.ghost_rows)
    shown = (served.ghost or {})["text"]
    assert "values" in shown
    served.type("<M-l>")
    served.event("SpanfillAccepted", text=shown)
    served.leaves_insert_mode()
    assert "\n".join(served.buffer).endswith("return " + shown)

    before = served.buffer
    served.type("2G<Space>sF")
    served.event("SpanfillFrame")
    served.until("settled slots", lambda: served.screen.drawn_in("SpanfillSettled"))
    served.event("SpanfillPreview")
    assert served.buffer == before
    served.type("<Tab>")
    served.event("SpanfillAccepted", what="fill")
    assert "    pass" not in served.buffer
    assert "sum(values) / len(values)" in "\n".join(served.buffer)
    served.type("u")
    served.until("undone", lambda: served.buffer == before)
