"""DreamOn: the model asks for slots, and gives them back, by committing tokens that say so.

Source: DreamOn (arXiv 2602.01326) and its code, DreamLM/DreamOn `eval/generator.py`.
"""

from runtime.canvas import Canvas
from runtime.denoisers.base import MaskedDenoiser
from runtime.lengths.edits import committed_slots, replace
from runtime.predictions import Predictions
from runtime.request import SlotState


class ExpandDelete:
    """A slot that `expand` is committed to becomes two masks; one with `delete` is dropped.

    Surplus slots lie at a span's end, so all masks behind the first delete are deletes too. Tokens that
    are committed behind it stay: where several slots are settled in one pass, they were chosen
    without seeing it. (DreamOn settles one slot a pass.)

    Expand is barred at the limit, and once as many slots have been asked for as the limit allows, for slots
    may be given back and asked for again. Where that goes round in circles it is barred at once: a canvas
    that asks again, with every token as it was the first time, would get the same answers until then.
    """

    name = "expand-delete"
    knows_length = False

    def __init__(self, slots: int, *, expand: int, delete: int) -> None:
        """`slots`: masks to begin with."""
        self._slots = slots
        self._expand = frozenset({expand})
        self._delete = frozenset({delete})
        self._expansions = 0
        self._asked: set[tuple[int, ...]] = set()
        """Canvases on which slots were asked for."""

    def start(self, denoiser: MaskedDenoiser, limit: int) -> Canvas:  # noqa: ARG002
        """The slots to begin with, as far as the limit allows."""
        self._expansions = 0
        self._asked.clear()
        return Canvas(min(self._slots, limit))

    def update(self, canvas: Canvas, block: range, predictions: Predictions, limit: int) -> bool:
        """Take deletes off the canvas and make room where expands ask for it."""
        wanted = [slot for slot in committed_slots(canvas, self._expand) if slot < self._end(canvas)]
        if wanted:
            now = tuple(canvas.ids)
            if now in self._asked:
                self._expansions = limit
            self._asked.add(now)
        room = min(limit - len(canvas) + len(self._surplus(canvas)), limit - self._expansions)
        for slot in wanted[max(room, 0) :]:
            replace(canvas, slot, block, predictions, self._expand)
        surplus = self._surplus(canvas)
        for slot in reversed(surplus):
            canvas.remove(slot)
        asking = committed_slots(canvas, self._expand)
        for slot in reversed(asking):
            self._answer(canvas, slot, limit)
        return bool(surplus or asking)

    def _end(self, canvas: Canvas) -> int:
        """The first slot that a delete is committed to; the canvas's end where there is none."""
        deletes = committed_slots(canvas, self._delete)
        return deletes[0] if deletes else len(canvas)

    def _surplus(self, canvas: Canvas) -> list[int]:
        """Deletes, and behind the first of them all masks and what asks for more of them."""
        end = self._end(canvas)
        kept = set(range(end))
        for slot in range(end, len(canvas)):
            written = canvas.states[slot] is SlotState.COMMITTED
            if written and canvas.ids[slot] not in self._delete | self._expand:
                kept.add(slot)
        return [slot for slot in range(len(canvas)) if slot not in kept]

    def _answer(self, canvas: Canvas, slot: int, limit: int) -> None:
        """Two masks for an expand; none where there is no room, for the model offered nothing else."""
        if len(canvas) >= limit or self._expansions >= limit:
            canvas.remove(slot)
            return
        canvas.remask(slot)
        canvas.insert(slot + 1, 1)
        self._expansions += 1
