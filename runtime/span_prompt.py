"""From a request to a masked model's prompt: the texts before and after its canvas."""

from collections.abc import Mapping
from dataclasses import dataclass

from runtime.manifest import Manifest
from runtime.prompts import choose_layout, piece_ids, prompt_texts
from runtime.request import FillRequest
from runtime.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanPrompt:
    """Token ids on both sides of the canvas."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    layout: str

    @property
    def tokens(self) -> int:
        """Tokens on both sides."""
        return len(self.before) + len(self.after)


PREFIX_SHARE = 2 / 3
"""Of the room for text around the hole, where there is not enough for all of it."""


def build_span_prompt(
    manifest: Manifest, tokenizer: Tokenizer, request: FillRequest, slots: int
) -> SpanPrompt:
    """Lay out a request around a canvas of up to `slots`, at the layout's `span` slot or at its end.

    Text that the model has no room for is cut off where it is farthest from the hole. Tokens are not
    healed at the borders, as in the field's infilling evaluations: a masked model is trained on spans
    cut between tokens.

    Raises:
        UsageError: the model has no such layout.
    """
    layout = choose_layout(manifest, request)
    texts = prompt_texts(request)
    parts = [
        (piece, [] if piece.slot == "span" else piece_ids(manifest, piece, texts, tokenizer, request))
        for piece in manifest.layouts[layout]
    ]
    room = manifest.context_length - slots
    fixed = sum(len(ids) for piece, ids in parts if piece.slot not in CUTTABLE)
    lengths: dict[str | None, int] = {piece.slot: len(ids) for piece, ids in parts if piece.slot in CUTTABLE}
    kept = _shares(lengths, room - fixed)
    before: list[int] = []
    after: list[int] = []
    side = before
    for piece, ids in parts:
        if piece.slot == "span":
            side = after
        elif piece.slot == "suffix":
            side.extend(ids[: kept["suffix"]])
        elif piece.slot in CUTTABLE:
            side.extend(ids[len(ids) - kept[piece.slot] :])
        else:
            side.extend(ids)
    if not before and not after and manifest.shift:
        # A shifted model's first slot needs a token to be predicted from.
        before.append(manifest.tokens.eos[0] if manifest.tokens.pad is None else manifest.tokens.pad)
    return SpanPrompt(before=tuple(before), after=tuple(after), layout=layout)


CUTTABLE = ("context", "prefix", "suffix")


def _shares(lengths: Mapping[str | None, int], room: int) -> dict[str | None, int]:
    """How much of each text is kept: the hole's own file first, both sides of it, then other files."""
    prefix, suffix = lengths.get("prefix", 0), lengths.get("suffix", 0)
    if prefix + suffix > room:
        wanted = int(room * PREFIX_SHARE)
        prefix_kept = min(prefix, max(wanted, room - suffix))
        suffix_kept = min(suffix, room - prefix_kept)
    else:
        prefix_kept, suffix_kept = prefix, suffix
    left = room - prefix_kept - suffix_kept
    return {"prefix": prefix_kept, "suffix": suffix_kept, "context": min(lengths.get("context", 0), left)}
