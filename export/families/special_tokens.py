"""Which ids have a meaning, gathered from every place where a checkpoint may say so.

config.json and generation_config.json give ids, tokenizer_config.json and special_tokens_map.json give
tokens. They must agree: a wrong mask id makes a model that runs and writes nonsense.
"""

from typing import Any

from export.checkpoints.base import Checkpoint
from runtime.errors import ModelFileError

TEXT_ENDS = ("<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|dlm_pad|>")
"""Tokens that end a text wherever they exist. DiffuCoder writes its padding behind a finished one."""


class SpecialTokens:
    """The ids of one checkpoint's special tokens."""

    def __init__(self, checkpoint: Checkpoint, rows: int) -> None:
        """`rows` is the embedding's height: no id may reach it.

        Raises:
            ModelFileError: the tokenizer has ids that the embedding has no row for.
        """
        self._config, self._special = checkpoint.config, checkpoint.special
        self._tokenizer, self._rows = checkpoint.tokenizer, rows
        highest = max(checkpoint.tokenizer.get_vocab(with_added_tokens=True).values())
        if highest >= rows:
            raise ModelFileError(
                f"The tokenizer's ids go up to {highest:,}, but the embedding has {rows:,} rows "
                "(`vocab_size`): they are not of one checkpoint."
            )

    def token(self, content: str) -> int | None:
        """The id of a token, or None where the tokenizer lacks it."""
        found: int | None = self._tokenizer.token_to_id(content)
        return found

    def required(self, content: str, purpose: str) -> int:
        """The id of a token the family can't do without.

        Raises:
            ModelFileError: the tokenizer lacks it.
        """
        found = self.token(content)
        if found is None:
            raise ModelFileError(f"The tokenizer lacks the token {content}, {purpose}.")
        return found

    def mask(self, *usual: str) -> int:
        """The mask's id; `usual` are the family's names for it, where nothing declares one.

        Raises:
            ModelFileError: there is none, it is out of range, or two places contradict each other.
        """
        found = self._declared("mask") or self._usual(usual)
        if not found:
            named = f" named {' or '.join(usual)}" if usual else ""
            raise ModelFileError(
                "The checkpoint has no mask token: config.json has no `mask_token_id`, and the tokenizer "
                f"neither declares a `mask_token` nor has a token{named}."
            )
        (place, index), *others = found.items()
        for other, value in others:
            if value != index:
                raise ModelFileError(
                    f"The checkpoint contradicts itself: the mask is {index} by {place}, "
                    f"but {value} by {other}."
                )
        return self._checked(place, index)

    def _usual(self, names: tuple[str, ...]) -> dict[str, int]:
        ids = {f"the token {name}": self.token(name) for name in names}
        return {place: index for place, index in ids.items() if index is not None}

    def _declared(self, role: str) -> dict[str, int]:
        """The role's id by each place that gives one."""
        found: dict[str, int] = {}
        for file, fields in (("config.json", self._config), ("generation_config.json", self._special)):
            value = fields.get(f"{role}_token_id")
            if value is not None:
                place = f"`{role}_token_id` of {file}"
                if type(value) is not int:
                    raise ModelFileError(f"{place} is {value!r}; it should be a token's id.")
                found[place] = value
        content = self._special.get(f"{role}_token")
        index = self.token(content) if isinstance(content, str) else None
        if index is not None:
            found[f"`{role}_token` of the tokenizer"] = index
        return found

    def _checked(self, place: str, index: int) -> int:
        if not 0 <= index < self._rows:
            raise ModelFileError(
                f"{place} is {index:,}, which is outside the vocabulary of {self._rows:,} (`vocab_size`)."
            )
        if self._tokenizer.id_to_token(index) is None:
            raise ModelFileError(f"{place} is {index:,}, an id that the tokenizer has no token for.")
        return index

    def optional(self, role: str, *usual: str) -> int | None:
        """The id of `expand`, `delete`, `pad` …: the first place that gives one, or a usual name.

        Raises:
            ModelFileError: it is out of range.
        """
        for place, index in (self._declared(role) | self._usual(usual)).items():
            return self._checked(place, index)
        return None

    def ends(self) -> tuple[int, ...]:
        """Ids that end a text, the declared ones first.

        Raises:
            ModelFileError: there are none, or one is out of range.
        """
        found: list[int] = []
        content = self._special.get("eos_token")
        if isinstance(content, str) and (index := self.token(content)) is not None:
            found.append(index)
        for file, fields in (("config.json", self._config), ("generation_config.json", self._special)):
            value: Any = fields.get("eos_token_id")
            for index in value if isinstance(value, list) else [value]:
                if index is not None and type(index) is not int:
                    raise ModelFileError(f"`eos_token_id` of {file} is {value!r}; it should be a token's id.")
                if index is not None:
                    found.append(self._checked(f"`eos_token_id` of {file}", index))
        found.extend(index for name in TEXT_ENDS if (index := self.token(name)) is not None)
        if not found:
            raise ModelFileError(
                "The checkpoint names no end of text: neither `eos_token_id` in config.json nor `eos_token` "
                "in the tokenizer."
            )
        return tuple(dict.fromkeys(found))

    def beginning(self) -> int | None:
        """The token a text begins with, where the tokenizer declares one that isn't an end as well."""
        content = self._special.get("bos_token")
        index = self.token(content) if isinstance(content, str) else None
        return None if index in self.ends() else index

    def unanswerable(self, mask: int) -> frozenset[int]:
        """The mask, and the beginning and padding that are nothing else besides."""
        only = {self.beginning(), self.optional("pad"), self.optional("bos")} - set(self.ends())
        return frozenset({mask, *(index for index in only if index is not None)})
