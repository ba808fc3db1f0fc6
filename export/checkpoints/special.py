"""The special-token settings of a checkpoint's folder, merged, with tokens as plain strings."""

from pathlib import Path
from typing import Any

from export.checkpoints.folder import Folder
from runtime.errors import ModelFileError

FILES = ("generation_config.json", "special_tokens_map.json", "tokenizer_config.json")
"""Later ones win, as they do in transformers; a null never replaces a value."""

KEPT = frozenset(
    {
        "add_bos_token",
        "add_eos_token",
        "add_prefix_space",
        "additional_special_tokens",
        "chat_template",
        "extra_special_tokens",
        "tokenizer_class",
    }
)
"""Settings kept beside those whose names end in `_token` or `_token_id`."""


def read_special(folder: Folder) -> dict[str, Any]:
    """The settings of `folder`; empty where it has none of the files.

    Raises:
        ModelFileError: a file is malformed, or a token in it is neither text nor described as one.
    """
    merged: dict[str, Any] = {}
    for file in FILES:
        for key, value in (folder.json_object(file) or {}).items():
            if value is None or not (key in KEPT or key.endswith(("_token", "_token_id"))):
                continue
            merged[key] = _plain(key, value, folder.path / file)
    return merged


def token_text(value: Any) -> str | None:
    """The text of a token written as a string or as an object with its `content`; None for anything else."""
    content = value.get("content") if isinstance(value, dict) else value
    return content if isinstance(content, str) else None


def _plain(key: str, value: Any, path: Path) -> Any:
    if key.startswith("add_"):
        return value
    if key.endswith("_token"):
        text = token_text(value)
        if text is None:
            raise ModelFileError(f"{path} gives `{key}` as {value!r}, which is not a token.")
        return text
    if key == "additional_special_tokens":
        texts = [token_text(token) for token in value] if isinstance(value, list) else [None]
        if None in texts:
            raise ModelFileError(f"{path} gives `{key}` as something other than a list of tokens.")
        return texts
    if key == "extra_special_tokens" and isinstance(value, dict):
        return {name: token_text(token) for name, token in value.items()}
    return value
