"""Which tokens speak of the text's length and are no text themselves."""

from runtime.manifest import Tokens


def unwritten_tokens(tokens: Tokens) -> frozenset[int]:
    """Tokens that are left out of the text wherever they stand on a settled canvas.

    Ends, padding, deletions and masks hold no text. An expansion stands for text that was never
    written: a policy that knows the token leaves none behind, and one that doesn't never lets it be
    committed (`edits.replace_barred`), unless the model offers nothing else.
    """
    single = (tokens.pad, tokens.mask, tokens.expand, tokens.delete)
    return frozenset(tokens.eos) | {token for token in single if token is not None}


def barred_tokens(tokens: Tokens) -> frozenset[int]:
    """Tokens that must not be committed where the canvas can't grow."""
    return frozenset() if tokens.expand is None else frozenset({tokens.expand})
