"""Greedy decoding one token at a time, in the plainest way: what every verified sampler must equal."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from runtime.cancellation import CancelToken
from runtime.constraints.healing import HealingConstraint
from runtime.decoding.ending import Ending
from runtime.decoding.verified import VerifiedDecoding
from runtime.denoise import Progress, denoise
from runtime.denoisers.causal import CausalDenoiser
from runtime.drafts.acceptance import Acceptance
from runtime.pass_cost import PassCost
from runtime.prompts import build_prompt
from runtime.request import FillRequest
from runtime.samplers.registry import make_sampler
from runtime.session import DenoiserSession
from runtime.stopping import StopRule, first_stop, rules_for
from runtime.tokenizer import Tokenizer

VOCABULARY_BOUND = 160_000


@dataclass(frozen=True)
class Model:
    """The parts that the loop runs on."""

    session: DenoiserSession
    tokenizer: Tokenizer

    @classmethod
    def load(cls, folder: Path, threads: int | None = None) -> "Model":
        return cls(DenoiserSession(folder, threads=threads), Tokenizer(folder / "tokenizer.json"))


def run_loop(
    model: Model,
    request: FillRequest,
    sampler: str,
    *,
    cost: PassCost,
    acceptance: Acceptance,
    previous: list[int],
) -> Progress:
    """The denoising loop as the engine runs it, from an empty cache."""
    manifest = model.session.manifest
    end_tokens = frozenset(manifest.tokens.eos)
    prompt = build_prompt(manifest, model.tokenizer, request)
    model.session.truncate(0)
    denoiser = CausalDenoiser(model.session)
    cancel = CancelToken()
    denoiser.begin(prompt.ids)
    denoiser.prefill(cancel)
    decoding = VerifiedDecoding(
        denoiser,
        make_sampler(
            sampler,
            context=prompt.ids,
            previous=previous,
            acceptance=acceptance,
            cost=cost,
            end_tokens=end_tokens,
            mask_slots=manifest.graph.mask_slots,
        ),
        HealingConstraint(prompt.healed, model.tokenizer),
        Ending(
            tokenizer=model.tokenizer,
            rules=rules_for(request, prompt.layout),
            end_tokens=end_tokens,
            healed=prompt.healed,
        ),
        limit=request.max_tokens + len(prompt.healed_ids),
    )
    *_, last = denoise(decoding, deadline=None, cancel=cancel)
    return last


def expected_tokens(model: Model, request: FillRequest, *, prompt_is_cached: bool = False) -> list[int]:
    """The tokens that `run_loop` has to commit."""
    manifest = model.session.manifest
    prompt = build_prompt(manifest, model.tokenizer, request)
    model.session.truncate(len(prompt.ids) - 1 if prompt_is_cached else 0)
    return decode_greedily(
        model.session,
        model.tokenizer,
        prompt.ids[model.session.length :],
        healed=prompt.healed,
        end_tokens=frozenset(manifest.tokens.eos),
        rules=rules_for(request, prompt.layout),
        limit=request.max_tokens + len(prompt.healed_ids),
    )


def decode_greedily(
    session: DenoiserSession,
    tokenizer: Tokenizer,
    prompt: Sequence[int],
    *,
    healed: bytes,
    end_tokens: frozenset[int],
    rules: Sequence[StopRule],
    limit: int,
) -> list[int]:
    """Tokens after the cached rows and `prompt`: up to the one that ends the text, or `limit` of them."""
    written: list[int] = []
    newest = list(prompt)
    while len(written) < limit:
        # With an adapter, what is written runs through it, and the prompt does not.
        gate = np.full(len(newest), float(bool(written)), np.float32)
        answer = session.forward(newest, skip=len(newest) - 1, gate=gate)
        session.advance(len(newest))
        token = _healing(answer.top_ids[0].tolist(), tokenizer, written, healed)
        written.append(token)
        newest = [token]
        finished = token in end_tokens
        text = tokenizer.decode_bytes(written)
        if text.startswith(healed):
            hole = text[len(healed) :].decode("utf-8", "ignore")
            if first_stop(rules, hole, finished) is not None:
                break
        if finished:
            break
    return written


def _healing(candidates: list[int], tokenizer: Tokenizer, written: list[int], healed: bytes) -> int:
    """The likeliest candidate after which the text can still begin with `healed`."""
    so_far = tokenizer.decode_bytes(written)
    if so_far.startswith(healed) or not healed.startswith(so_far):
        return candidates[0]
    for token in candidates:
        piece = tokenizer.token_bytes(token)
        shared = min(len(so_far + piece), len(healed))
        if piece and (so_far + piece)[:shared] == healed[:shared]:
            return token
    rest = healed[len(so_far) :]
    pieces = {tokenizer.token_bytes(token): token for token in range(VOCABULARY_BOUND)}
    return pieces[max((piece for piece in pieces if piece and rest.startswith(piece)), key=len)]
