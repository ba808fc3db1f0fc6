"""From a request to the model's prompt: layouts from the manifest, token healing at its end."""

from collections.abc import Mapping
from dataclasses import dataclass

from runtime.errors import UsageError
from runtime.manifest import Manifest, Piece
from runtime.request import FillRequest
from runtime.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Token ids to run, and text that the canvas has to begin with."""

    ids: tuple[int, ...]
    healed: bytes
    """Text of the tokens taken back from the prompt's end; the canvas begins by writing it again."""
    healed_ids: tuple[int, ...]
    """Those tokens: the likeliest draft for it."""
    layout: str


def choose_layout(manifest: Manifest, request: FillRequest) -> str:
    """The layout a request asks for, or the best one for its mode.

    Raises:
        UsageError: the model has no such layout.
    """
    if request.layout != "auto":
        if request.layout not in manifest.layouts:
            raise UsageError(
                f"{manifest.name} has no prompt layout {request.layout!r}; "
                f"it has {', '.join(manifest.layouts)}."
            )
        return request.layout
    # From a signature and docstring alone, an instruction-tuned model does a little better when asked
    # to answer than when asked to infill, and ends by itself (docs/LOG.md).
    if "chat" in manifest.layouts and (request.instruction or request.mode == "function"):
        return "chat"
    return next(name for name in ("fim", "plain", *manifest.layouts) if name in manifest.layouts)


def build_prompt(manifest: Manifest, tokenizer: Tokenizer, request: FillRequest) -> Prompt:
    """Lay out a request for a causal model: everything ends with the prefix, which the canvas continues."""
    layout = choose_layout(manifest, request)
    texts = prompt_texts(request)
    pieces = manifest.layouts[layout]
    ids: list[int] = []
    for piece in pieces[:-1]:
        ids.extend(piece_ids(manifest, piece, texts, tokenizer, request))
    last = piece_ids(manifest, pieces[-1], texts, tokenizer, request)
    back = healing_length(last, tokenizer)
    healed = last[len(last) - back :]
    ids.extend(last[: len(last) - back])
    if not ids:
        # The first slot needs a token to be predicted from; this one says that a text begins.
        ids.append(manifest.tokens.eos[0] if manifest.tokens.pad is None else manifest.tokens.pad)
    limit = manifest.context_length - request.max_tokens - len(healed)
    if len(ids) > limit:
        raise UsageError(
            f"The text around the hole is {len(ids):,} tokens; {manifest.name} takes {limit:,}. "
            "Send less of it."
        )
    return Prompt(
        ids=tuple(ids), healed=tokenizer.decode_bytes(healed), healed_ids=tuple(healed), layout=layout
    )


def prompt_texts(request: FillRequest) -> Mapping[str, str]:
    """What a request puts into a layout's slots, by slot."""
    return {
        "prefix": request.prefix,
        "suffix": request.suffix,
        "path": request.path,
        "language": request.language,
        "instruction": request.instruction or _instruction(request),
    }


def piece_ids(
    manifest: Manifest, piece: Piece, texts: Mapping[str, str], tokenizer: Tokenizer, request: FillRequest
) -> list[int]:
    """Tokens of one piece of a layout."""
    if piece.token is not None:
        return [piece.token]
    if piece.slot == "context":
        return _context_ids(manifest, request, tokenizer)
    return tokenizer.encode(piece.text if piece.text is not None else texts[piece.slot or "prefix"])


def _context_ids(manifest: Manifest, request: FillRequest, tokenizer: Tokenizer) -> list[int]:
    """Other files, each behind a separator and its path, then the separator and path of this one."""
    separator = manifest.tokens.file_separator
    if separator is None or not request.context:
        return []
    ids: list[int] = []
    for path, text in (*request.context, (request.path, "")):
        ids += [separator, *tokenizer.encode(f"{path}\n{text}")]
    return ids


def healing_length(ids: list[int], tokenizer: Tokenizer) -> int:
    """How many tokens at a prompt's end to take back.

    One, unless it ends in a line break: no token begins with a line break and goes on with what
    code has after one, so such an end is a token border for sure.
    """
    if not ids or tokenizer.token_bytes(ids[-1]).endswith(b"\n"):
        return 0
    return 1


def _instruction(request: FillRequest) -> str:
    """What to ask a chat model that is to fill a hole.

    Without comments the answers are shorter, and more of them are right (docs/LOG.md).
    """
    code, which = request.prefix.strip("\n"), "this function"
    if request.suffix.strip():
        code, which = f"{code}\n    ...\n{request.suffix.rstrip()}", "the function that has `...` for a body"
    return (
        f"Write the body of {which}. Be careful to satisfy every example in its docstring. No comments.\n"
        f"```{request.language}\n{code}\n```"
    )
