"""From a request to a masked model's prompt: the texts before and after its canvas."""

from dataclasses import dataclass

from runtime.errors import UsageError
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


def build_span_prompt(manifest: Manifest, tokenizer: Tokenizer, request: FillRequest) -> SpanPrompt:
    """Lay out a request around a canvas, which stands at the layout's `span` slot, or at its end.

    Tokens are not healed at the borders, as in the field's infilling evaluations: a masked model
    is trained on spans cut between tokens (docs/LOG.md).

    Raises:
        UsageError: the model has no such layout, or the text leaves no room for a canvas.
    """
    layout = choose_layout(manifest, request)
    texts = prompt_texts(request)
    before: list[int] = []
    after: list[int] = []
    side = before
    for piece in manifest.layouts[layout]:
        if piece.slot == "span":
            side = after
        else:
            side.extend(piece_ids(manifest, piece, texts, tokenizer, request))
    if not before and not after and manifest.shift:
        # A shifted model's first slot needs a token to be predicted from.
        before.append(manifest.tokens.eos[0] if manifest.tokens.pad is None else manifest.tokens.pad)
    limit = manifest.context_length - request.max_tokens
    if len(before) + len(after) > limit:
        raise UsageError(
            f"The text around the hole is {len(before) + len(after):,} tokens; {manifest.name} takes "
            f"{limit:,} beside the {request.max_tokens:,} of the hole. Send less of it."
        )
    return SpanPrompt(before=tuple(before), after=tuple(after), layout=layout)
