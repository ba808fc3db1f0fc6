"""Tokens that a folder's settings add to its tokenizer, each at its own id.

Dream's checkpoints, for one, have a tokenizer class of their own that knows `<|mask|>`; the token's text
and id stand in tokenizer_config.json as well, so the class is not needed.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import tokenizers

from export.checkpoints.folder import Folder
from export.checkpoints.special import token_text
from runtime.errors import ModelFileError

T = TypeVar("T")

MOST_TOKENS = 1 << 22
"""Ids beyond this are a damaged file: no embedding has so many rows."""

_AGAIN = "Download the tokenizer's files again, all from one revision."


def added_tokens(folder: Folder, settings: Mapping[str, Any]) -> dict[int, tokenizers.AddedToken]:
    """Tokens of added_tokens.json and of tokenizer_config.json's `added_tokens_decoder`, by id.

    Raises:
        ModelFileError: an entry is malformed, or two tokens have one id.
    """
    result: dict[int, tokenizers.AddedToken] = {}
    path = folder.path / "added_tokens.json"
    for text, index in (folder.json_object("added_tokens.json") or {}).items():
        _put(result, text, index, {}, path)
    decoder = settings.get("added_tokens_decoder") or {}
    path = folder.path / "tokenizer_config.json"
    if not isinstance(decoder, dict):
        raise ModelFileError(f"{path} gives `added_tokens_decoder` as something other than an object.")
    for key, entry in decoder.items():
        content = token_text(entry)
        if content is None or not (key.isascii() and key.isdigit() and len(key) < 10):
            raise ModelFileError(
                f"{path} has an entry {key!r} in `added_tokens_decoder` that is not a token."
            )
        _put(result, content, int(key), entry if isinstance(entry, dict) else {}, path)
    return result


def _put(
    result: dict[int, tokenizers.AddedToken], content: str, index: Any, entry: Mapping[str, Any], path: Path
) -> None:
    known = result.get(check_id(index, path))
    if known is not None and known.content != content:
        raise clash(path, content, index, known.content)
    if not content:
        raise ModelFileError(f"{path} adds an empty token. {_AGAIN}")
    result[index] = tokenizers.AddedToken(
        content,
        single_word=entry.get("single_word") is True,
        lstrip=entry.get("lstrip") is True,
        rstrip=entry.get("rstrip") is True,
        normalized=entry.get("normalized") is True,
        special=entry.get("special") is not False,
    )


def add_tokens(
    tokenizer: tokenizers.Tokenizer, added: Mapping[int, tokenizers.AddedToken], where: Path
) -> tokenizers.Tokenizer:
    """The tokenizer with every token of `added` at its id.

    Raises:
        ModelFileError: a token has another id already, or another token has its id.
    """
    missing: dict[int, tokenizers.AddedToken] = {}
    known = tokenizer.get_added_tokens_decoder()
    for index, token in sorted(added.items()):
        at, there = tokenizer.token_to_id(token.content), tokenizer.id_to_token(index)
        if at not in (None, index):
            raise ModelFileError(
                f"{where} gives the token {token.content!r} the ids {at} and {index}, and only one can be "
                f"meant. {_AGAIN}"
            )
        if there not in (None, token.content):
            raise clash(where, token.content, index, there)
        if index not in known:
            missing[index] = token
    new = {token.content: index for index, token in missing.items() if tokenizer.id_to_token(index) is None}
    if not _next_in_line(tokenizer, list(new.values())):
        taken = {token.content: index for index, token in known.items()}
        tokenizer = with_vocabulary(json.loads(tokenizer.to_str()), taken | new, where)
    library_call(lambda: tokenizer.add_tokens(list(missing.values())), where)
    check_added(tokenizer, {token.content: index for index, token in added.items()}, where)
    return tokenizer


def _next_in_line(tokenizer: tokenizers.Tokenizer, new: list[int]) -> bool:
    """Whether the ids `new`, ascending, are those that the library itself would give to new tokens."""
    if not new:
        return True
    present = tokenizer.get_vocab(with_added_tokens=True).values()
    first = len(present)
    return max(present, default=-1) == first - 1 and new == list(range(first, first + len(new)))


def with_vocabulary(raw: dict[str, Any], tokens: Mapping[str, int], path: Path) -> tokenizers.Tokenizer:
    """The tokenizer of a parsed tokenizer.json, with `tokens` in its vocabulary, where ids are free.

    The library gives an added token that the vocabulary lacks the next free id, whatever its file says,
    and the next free id depends on the vocabulary: so all added tokens must be among `tokens`.

    Raises:
        ModelFileError: the library refuses the result.
    """
    vocabulary = raw["model"].get("vocab")
    if isinstance(vocabulary, dict):
        raw["model"]["vocab"] = {**vocabulary, **tokens}
    return library_call(lambda: tokenizers.Tokenizer.from_str(json.dumps(raw)), path)


def check_added(tokenizer: tokenizers.Tokenizer, added: Mapping[str, int], path: Path) -> None:
    """Raise ModelFileError unless every token has its id."""
    for content, index in added.items():
        if tokenizer.token_to_id(content) != index or tokenizer.id_to_token(index) != content:
            raise ModelFileError(
                f"The token {content!r} of {path} can't be given its id {index} in this tokenizer. {_AGAIN}"
            )


def check_id(index: Any, path: Path) -> int:
    """`index`, or ModelFileError where it can't be a token's id."""
    if type(index) is not int or not 0 <= index < MOST_TOKENS:
        raise ModelFileError(
            f"{path} has the token id {index!r}, which no model can have. Download it again."
        )
    return index


def clash(where: Path, content: str, index: int, there: str) -> ModelFileError:
    """The error for an id that two tokens claim."""
    return ModelFileError(
        f"{where} gives the token {content!r} the id {index}, which {there!r} has already. {_AGAIN}"
    )


def library_call(call: Callable[[], T], path: Path) -> T:
    """What `call` into the tokenizers library returns.

    Raises:
        ModelFileError: the library raises an error of its own, or panics.
    """
    try:
        return call()
    except BaseException as error:
        # The library is written in Rust, whose panics arrive as a BaseException of its own.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise ModelFileError(f"{path} can't be read as a tokenizer ({reason}). Download it again.") from error
