"""The denoiser's own byte-level BPE: 4,096 tokens, lines cut at their borders.

Knows text and token ids; does not know the corpus they come from.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Regex, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split
from tokenizers.trainers import BpeTrainer

from runtime.errors import InputError

VOCABULARY_TOKENS = 4096
"""At this width a larger table would take more of the parameters than it gives back in shorter text."""

EOS = "<|endoftext|>"
MASK = "<|mask|>"
EXPAND = "<|expand|>"
SPECIAL_TOKENS = (EOS, MASK, EXPAND)
"""In the order of their ids, from 0. The end of text pads, and as a mask's answer it deletes the mask."""

# A line feed is a piece of its own, so that text cut at a line border has the tokens it has inside the
# whole file. Of an indentation the last space goes to the word behind it.
_PIECES = r"\n|\p{N}| ?\p{L}+| ?[^\s\p{L}\p{N}]+|[^\S\n]+(?!\S)|[^\S\n]+"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIds:
    """The ids that the training task gives a meaning to."""

    mask: int
    """A slot to fill."""
    expand: int
    """A mask's answer: put two masks here."""
    delete: int
    """A mask's answer: there is nothing here."""
    newline: int
    """The one token that holds a line feed."""


def train_tokenizer(texts: Iterable[str], *, vocabulary_tokens: int = VOCABULARY_TOKENS) -> Tokenizer:
    """A tokenizer of at most `vocabulary_tokens`, specials included, learned from `texts`."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = Sequence(
        [
            Split(Regex(_PIECES), behavior="isolated"),
            ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=vocabulary_tokens,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def token_ids(tokenizer: Tokenizer) -> TokenIds:
    """The ids of the special tokens and of the line feed.

    Raises:
        InputError: the tokenizer lacks one of them.
    """

    def find(token: str) -> int:
        found: int | None = tokenizer.token_to_id(token)
        if found is None:
            raise InputError(
                f"The tokenizer has no token {token!r}. Make it again: `python -m export.training prepare`."
            )
        return found

    return TokenIds(mask=find(MASK), expand=find(EXPAND), delete=find(EOS), newline=find("Ċ"))


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer in `path`.

    Raises:
        InputError: there is none, or it can't be read.
    """
    if not path.is_file():
        raise InputError(f"There is no tokenizer at {path}. Run `python -m export.training prepare` first.")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise InputError(f"The tokenizer {path} can't be read ({error}). Run `prepare` again.") from error
