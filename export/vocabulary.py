"""Which tokens a model's head needs to be able to answer with."""

import numpy as np
import tokenizers
from numpy.typing import NDArray

LAST_PRINTABLE = 0x7E


# GPT-2's byte-level alphabet writes printable bytes as themselves and shifts the others up; these
# are the shifted forms of the white space that source code has.
SHIFTED_WHITESPACE = frozenset(chr(0x100 + byte) for byte in (0x09, 0x0A, 0x0C, 0x0D, 0x20))


def special_ids(tokenizer: tokenizers.Tokenizer) -> list[int]:
    """Ids of the special tokens, ascending."""
    return sorted(index for index, token in tokenizer.get_added_tokens_decoder().items() if token.special)


def ascii_ids(tokenizer: tokenizers.Tokenizer) -> NDArray[np.int32]:
    """Ids of byte-level tokens of printable ASCII and white space, and of the special ones; ascending."""
    special = set(special_ids(tokenizer))
    kept = [
        index
        for token, index in tokenizer.get_vocab(with_added_tokens=True).items()
        if index in special
        or all(
            0x20 < ord(character) <= LAST_PRINTABLE or character in SHIFTED_WHITESPACE for character in token
        )
    ]
    return np.array(sorted(kept), np.int32)


def answer_ids(
    tokenizer: tokenizers.Tokenizer, vocabulary: str, unanswerable: frozenset[int]
) -> NDArray[np.int32]:
    """Ids that a masked model's head keeps: all of the tokenizer's, or the ASCII ones; ascending.

    A mask among the candidates would let a sampler commit it. Rows that pad the embedding beyond the
    tokenizer mean nothing, and are left out as well.
    """
    if vocabulary == "ascii":
        kept = ascii_ids(tokenizer)
    else:
        kept = np.array(sorted(tokenizer.get_vocab(with_added_tokens=True).values()), np.int32)
    return kept[~np.isin(kept, sorted(unanswerable))]
