"""Text to token ids and back, exactly. Knows one tokenizer.json; does not know layouts or models."""

from collections.abc import Sequence
from pathlib import Path

import tokenizers

from runtime.errors import ModelFileError


def _byte_alphabet() -> dict[str, int]:
    """GPT-2's byte-level alphabet: the character that stands for each byte, inverted."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    shifted = [byte for byte in range(0x100) if byte not in printable]
    alphabet = {chr(byte): byte for byte in printable}
    alphabet.update({chr(0x100 + index): byte for index, byte in enumerate(shifted)})
    return alphabet


def join_surrogates(text: str) -> str:
    """`text` as UTF-8 can carry it: surrogate pairs joined, each lone one replaced by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Tokenizer:
    """A byte-level BPE tokenizer that treats special tokens in text as plain text."""

    def __init__(self, path: Path) -> None:
        """Load `path`.

        Raises:
            ModelFileError: it is not a tokenizer file.
        """
        try:
            self._inner = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises bare Exception
            raise ModelFileError(
                f"{path} is not a tokenizer file ({error}). Pull the model again."
            ) from error
        # A source file that mentions <|fim_prefix|> must not steer the model.
        self._inner.encode_special_tokens = True
        alphabet = _byte_alphabet()
        special = {index for index, token in self._inner.get_added_tokens_decoder().items() if token.special}
        self._bytes: dict[int, bytes] = {}
        self._ids: dict[bytes, int] = {}
        self._longest = 0
        for token, index in self._inner.get_vocab(with_added_tokens=True).items():
            if index in special:
                self._bytes[index] = b""
            elif all(character in alphabet for character in token):
                self._bytes[index] = bytes(alphabet[character] for character in token)
            else:
                self._bytes[index] = token.encode()

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`. Surrogates are joined to pairs; a lone one becomes U+FFFD."""
        ids: list[int] = self._inner.encode(join_surrogates(text), add_special_tokens=False).ids
        return ids

    def token_bytes(self, token: int) -> bytes:
        """The bytes one token stands for; empty for special and unknown tokens."""
        return self._bytes.get(token, b"")

    def first_token(self, text: bytes) -> int:
        """The longest token that `text` begins with; `text` may begin inside a character."""
        if not self._ids:
            self._ids = {piece: token for token, piece in self._bytes.items() if piece}
            self._longest = max(map(len, self._ids))
        for length in range(min(len(text), self._longest), 0, -1):
            if (token := self._ids.get(text[:length])) is not None:
                return token
        raise ModelFileError("The tokenizer lacks tokens for single bytes. Pull the model again.")

    def decode_bytes(self, ids: Sequence[int]) -> bytes:
        """The bytes of a token sequence."""
        return b"".join(self._bytes.get(token, b"") for token in ids)

    def decode(self, ids: Sequence[int]) -> str:
        """Text of a token sequence; an incomplete UTF-8 sequence becomes U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", "replace")
