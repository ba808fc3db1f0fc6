"""Changes that several length policies make to a canvas after the sampler's turn."""

from runtime.canvas import Canvas
from runtime.predictions import Predictions
from runtime.request import SlotState


def committed_slots(canvas: Canvas, tokens: frozenset[int]) -> list[int]:
    """Slots that one of `tokens` is committed to, in order."""
    return [
        slot
        for slot, (token, state) in enumerate(zip(canvas.ids, canvas.states, strict=True))
        if state is SlotState.COMMITTED and token in tokens
    ]


def cut_behind_end(canvas: Canvas, end: frozenset[int]) -> bool:
    """Drop every slot behind the first committed `end` token; returns whether there was one."""
    ends = committed_slots(canvas, end)
    if not ends or ends[0] + 1 == len(canvas):
        return False
    canvas.shorten(ends[0] + 1)
    return True


def replace_barred(canvas: Canvas, block: range, predictions: Predictions, barred: frozenset[int]) -> None:
    """Where the pass over `block` committed a barred token, commit the likeliest other one instead."""
    for slot in committed_slots(canvas, barred):
        if slot in block:
            replace(canvas, slot, block, predictions, barred)


def replace(
    canvas: Canvas, slot: int, block: range, predictions: Predictions, barred: frozenset[int]
) -> None:
    """Commit the likeliest token that isn't barred to a slot of `block`.

    A slot for which the model offers nothing else keeps its token. This is what a logit of minus infinity
    does to the choice of a token; only the order in which slots are settled was chosen with it.
    """
    row = slot - block.start
    ids, logprobs = predictions.top_ids[row].tolist(), predictions.top_logprobs[row].tolist()
    for token, logprob in zip(ids, logprobs, strict=True):
        if token not in barred:
            canvas.commit(slot, token, logprob, (ids, logprobs))
            return
