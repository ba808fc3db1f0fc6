"""Length policies by name."""

import re
from collections.abc import Mapping

from runtime.errors import UsageError
from runtime.lengths.base import LengthPolicy
from runtime.lengths.blocks import Blocks
from runtime.lengths.calibrated import CalibratedLength
from runtime.lengths.daedal import Daedal
from runtime.lengths.expand_delete import ExpandDelete
from runtime.lengths.fixed import FixedLength
from runtime.lengths.oracle import OracleLength
from runtime.lengths.tokens import barred_tokens
from runtime.manifest import Tokens

LENGTHS: Mapping[str, str] = {
    "auto": "the best that the model's tokens allow",
    "expand-delete": "the model asks for slots and gives them back (DreamOn); a number to begin with",
    "cal": "the length at which the model is most confident (CAL); a number to begin the search with",
    "daedal": "grows until the model sees the end, and where it is lost (DAEDAL); a number to begin with",
    "blocks": "block after block, until the model ends the text; a block's slots",
    "fixed": "always as many slots; how many",
    "oracle": "for evaluations: told the true length in tokens",
}
"""What each policy does, and what the number behind its colon means."""

OPEN_ENDED = frozenset({"blocks", "daedal"})
"""Policies that may add slots behind the canvas's last one."""

BLOCK_SLOTS = 32
"""Slots of a block where neither the request nor the model says."""


def make_length(
    spec: str, *, tokens: Tokens, origin: int, block_length: int | None, default_slots: int
) -> LengthPolicy:
    """A policy ready for one fill.

    `spec`: a name, with a number of slots after a colon (`fixed:32`, `cal`); `origin`: tokens of text before
    the canvas; `block_length`: of a block-causal model, else None; `default_slots`: what a canvas begins
    with where `spec` gives no number.

    Raises:
        UsageError: no such policy, a malformed number, or a policy that the model's kind or tokens rule out.
    """
    name, slots = _parsed(spec)
    if name == "auto":
        name = _best(tokens, block_length)
    _check_possible(name, tokens, block_length)
    end, barred = frozenset(tokens.eos), barred_tokens(tokens)
    first = slots or default_slots
    match name:
        case "fixed" | "oracle":
            make = OracleLength if name == "oracle" else FixedLength
            # A block-causal model writes on behind its end; to one that sees the suffix, an end inside
            # the hole is a slot it has no use for.
            return make(first, barred=barred, end=end if block_length else frozenset())
        case "cal":
            return CalibratedLength(first, barred=barred)
        case "expand-delete":
            assert tokens.expand is not None and tokens.delete is not None, "checked above"
            return ExpandDelete(first, expand=tokens.expand, delete=tokens.delete)
        case "daedal":
            # Where surplus slots have a token of their own, it is what stands at the canvas's tail.
            surplus = frozenset() if tokens.delete is None else frozenset({tokens.delete})
            return Daedal(first, end=end | surplus, barred=barred)
        case _:
            return Blocks(
                slots or block_length or BLOCK_SLOTS,
                origin=origin if block_length else 0,
                end=end,
                barred=barred,
            )


def _parsed(spec: str) -> tuple[str, int | None]:
    name, colon, number = spec.partition(":")
    if name not in LENGTHS:
        raise UsageError(f"There is no length policy {name!r}; choose one of {', '.join(LENGTHS)}.")
    if name == "auto" and colon:
        raise UsageError(f"The length policy 'auto' takes no number of slots; write 'auto', not {spec!r}.")
    if name == "oracle" and not colon:
        raise UsageError("The length policy 'oracle' needs the true length in tokens; write oracle:17.")
    if colon and not re.fullmatch("[1-9][0-9]{0,5}", number):
        raise UsageError(
            f"The length policy {spec!r} is malformed; write {name}:N, with a number of slots up to 999999."
        )
    return name, int(number) if colon else None


def _best(tokens: Tokens, block_length: int | None) -> str:
    if tokens.expand is not None and tokens.delete is not None:
        return "expand-delete"
    if block_length:
        return "blocks" if tokens.eos else "fixed"
    return "cal"


def _check_possible(name: str, tokens: Tokens, block_length: int | None) -> None:
    if name in ("cal", "daedal") and block_length:
        raise UsageError(
            f"The length policy {name!r} needs a model that sees the whole canvas at once; "
            "a block-causal one takes blocks or fixed:N."
        )
    if name in ("daedal", "blocks") and not tokens.eos:
        raise UsageError(f"The length policy {name!r} needs a model with an end token; use cal or fixed:N.")
    if name == "expand-delete" and (tokens.expand is None or tokens.delete is None):
        other = "blocks or fixed:N" if block_length else "cal or fixed:N"
        raise UsageError(
            f"The length policy 'expand-delete' needs a model with expand and delete tokens; use {other}."
        )
