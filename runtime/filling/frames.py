"""A canvas as an editor draws it."""

from runtime.canvas import Canvas
from runtime.denoise import Progress
from runtime.request import Frame, SlotState
from runtime.tokenizer import Tokenizer

MASK_SIGN = "░"

Pieces = tuple[tuple[str, SlotState], ...]


def frame_of(
    progress: Progress,
    tokenizer: Tokenizer,
    *,
    elapsed: float,
    healed: int = 0,
    unwritten: frozenset[int] = frozenset(),
) -> Frame:
    """The frame of a pass; one that has ended shows the text it ended with.

    `elapsed`: seconds since the fill began. `healed`: bytes at the canvas's beginning that are not the
    hole's. `unwritten`: tokens that are no text.
    """
    if progress.ended is None:
        pieces = pieces_of(progress.canvas, tokenizer, healed, unwritten)
    else:
        pieces = ((progress.text, SlotState.COMMITTED),)
    settled = sum(state is SlotState.COMMITTED for state in progress.canvas.states)
    return Frame(
        text="".join(text for text, _ in pieces),
        pieces=pieces,
        pass_index=progress.passes,
        committed_tokens=settled,
        elapsed_ms=elapsed * 1e3,
        tokens_per_second=settled / elapsed if elapsed else 0.0,
    )


def pieces_of(
    canvas: Canvas, tokenizer: Tokenizer, healed: int = 0, unwritten: frozenset[int] = frozenset()
) -> Pieces:
    """Slot texts; bytes of a character split over slots show with the slot that ends it."""
    pieces: list[tuple[str, SlotState]] = []
    skip = healed
    held = b""
    for token, state in zip(canvas.ids, canvas.states, strict=True):
        if state is SlotState.MASKED:
            pieces.append((MASK_SIGN, state))
            held = b""
            continue
        if token in unwritten:
            continue
        text = held + tokenizer.token_bytes(token)
        dropped = min(skip, len(text))
        skip -= dropped
        try:
            pieces.append((text[dropped:].decode(), state))
            held = b""
        except UnicodeDecodeError:
            held = text[dropped:]
    return tuple(pieces)
