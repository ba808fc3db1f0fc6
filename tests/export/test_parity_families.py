"""Every family's exported graph computes what the PyTorch reference computes from the same checkpoint.

The largest differences are printed as a table at the end of the test run.
"""

from collections.abc import Callable

import numpy as np
import pytest
from family_models import LOGITS_GRAPH, VARIANTS, FamilyModel
from graph_runner import GraphRunner
from numpy.typing import NDArray
from parity_table import RecordParity

from export.reference import FrozenKeys, Pass
from runtime.caches.none import NoCache
from runtime.cancellation import CancelToken
from runtime.canvas import Canvas
from runtime.denoisers.base import MaskedDenoiser
from runtime.denoisers.bidirectional import BidirectionalDenoiser
from runtime.denoisers.block_causal import BlockCausalDenoiser
from runtime.predictions import Predictions
from runtime.session import DenoiserSession

BOUNDS = {"none": 1e-4, "fp16": 2e-2}
NUMBERS = {"none": "fp32", "fp16": "fp16"}
PREFIX, SPAN, SUFFIX = 21, 12, 17
CONTEXT, TOKENS = PREFIX + SUFFIX, PREFIX + SPAN + SUFFIX
LAID_OUT = [*range(PREFIX), *range(PREFIX + SPAN, TOKENS), *range(PREFIX, PREFIX + SPAN)]
"""Positions of [prefix | suffix | span]."""

BIDIRECTIONAL = (
    *("dream", "diffucoder", "dreamon", "open-dcoder", "a2d-qwen2-mdlm", "a2d-qwen3-mdlm", "coda", "llada"),
    *("open-dcoder untied", "llada tied", "llada grouped", "llada biased", "coda sharded", "coda biased"),
)
BLOCK_CAUSAL = (
    "a2d-qwen2-bd3lm",
    "a2d-qwen3-bd3lm",
    "fast-dllm-v2",
    "sdar",
    "stable-diffcoder",
    "sdar tied",
    "stable-diffcoder biased",
)
ALL_VISIBLE = np.ones((TOKENS, TOKENS), bool)

Models = Callable[[str], FamilyModel]


def test_every_variant_is_measured() -> None:
    assert {*BIDIRECTIONAL, *BLOCK_CAUSAL, "qwen2"} == set(VARIANTS)


def text_ids(model: FamilyModel, count: int, seed: int = 0, masked: range = range(0)) -> list[int]:
    """Tokens of any kind, and the mask in the slots of `masked`."""
    ids = np.random.default_rng(seed).choice(model.kept, count).tolist()
    mask = model.manifest.tokens.mask
    for slot in masked:
        assert mask is not None
        ids[slot] = mask
    return ids


def runner(model: FamilyModel, quantization: str) -> GraphRunner:
    return GraphRunner(model.folder(quantization), LOGITS_GRAPH)


def difference(model: FamilyModel, ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    assert ours.shape == (len(theirs), len(model.kept))
    assert ours.std() > 0.5, "logits that hardly vary prove nothing"
    return float(np.abs(ours - theirs[:, model.kept]).max())


@pytest.mark.parametrize("quantization", BOUNDS)
@pytest.mark.parametrize("name", BIDIRECTIONAL)
def test_full_pass(family_model: Models, record_parity: RecordParity, name: str, quantization: str) -> None:
    model = family_model(name)
    ids = text_ids(model, TOKENS, masked=range(PREFIX, PREFIX + SPAN))
    (expected,) = model.reference.run([Pass(ids=ids, positions=range(TOKENS), visible=ALL_VISIBLE)])
    output = runner(model, quantization).run(ids)
    record_parity(
        name,
        "full bidirectional pass, past = 0",
        NUMBERS[quantization],
        difference(model, output.logits, expected.logits),
        BOUNDS[quantization],
    )


@pytest.mark.parametrize("quantization", BOUNDS)
@pytest.mark.parametrize("name", BIDIRECTIONAL)
def test_span_behind_the_rows_of_a_full_pass(
    family_model: Models, record_parity: RecordParity, name: str, quantization: str
) -> None:
    """A refresh lays [prefix | suffix | span] and keeps the context's rows, which have seen the span."""
    model = family_model(name)
    ids = text_ids(model, TOKENS, masked=range(CONTEXT, TOKENS))
    later = text_ids(model, SPAN, seed=1, masked=range(0, SPAN, 2))
    (full,) = model.reference.run([Pass(ids=ids, positions=LAID_OUT, visible=ALL_VISIBLE)])
    frozen = FrozenKeys(
        [keys[:CONTEXT] for keys in full.left.keys], [values[:CONTEXT] for values in full.left.values]
    )
    (expected,) = model.reference.run(
        [
            Pass(
                ids=later,
                positions=LAID_OUT[CONTEXT:],
                visible=np.ones((SPAN, TOKENS), bool),
                frozen=frozen,
            )
        ]
    )
    graph = runner(model, quantization)
    refreshed = graph.run(ids, positions=LAID_OUT, skip=CONTEXT)
    graph.length = CONTEXT
    ours = graph.run(later, positions=LAID_OUT[CONTEXT:], keep=False)
    numbers, bound = NUMBERS[quantization], BOUNDS[quantization]
    record_parity(
        name,
        "full pass over [prefix | suffix | span], context skipped",
        numbers,
        difference(model, refreshed.logits, full.logits[CONTEXT:]),
        bound,
    )
    record_parity(
        name,
        "span pass behind the context's rows of a full pass",
        numbers,
        difference(model, ours.logits, expected.logits),
        bound,
    )


@pytest.mark.parametrize("quantization", BOUNDS)
@pytest.mark.parametrize("name", BIDIRECTIONAL)
def test_span_behind_a_cached_context(
    family_model: Models, record_parity: RecordParity, name: str, quantization: str
) -> None:
    """The context's own pass, then passes over the span: one pass in which the context can't see the span."""
    model = family_model(name)
    ids = text_ids(model, TOKENS, seed=2, masked=range(CONTEXT, TOKENS))
    visible = ALL_VISIBLE.copy()
    visible[:CONTEXT, CONTEXT:] = False
    (expected,) = model.reference.run([Pass(ids=ids, positions=LAID_OUT, visible=visible)])
    graph = runner(model, quantization)
    graph.run(ids[:CONTEXT], positions=LAID_OUT[:CONTEXT])
    graph.run(text_ids(model, SPAN, seed=3), positions=LAID_OUT[CONTEXT:], keep=False)
    ours = graph.run(ids[CONTEXT:], positions=LAID_OUT[CONTEXT:], keep=False)
    record_parity(
        name,
        "span pass behind a cached prefix and suffix, past > 0",
        NUMBERS[quantization],
        difference(model, ours.logits, expected.logits[CONTEXT:]),
        BOUNDS[quantization],
    )


def block_mask(tokens: int, length: int) -> NDArray[np.bool_]:
    """Each token sees its own block and all earlier ones."""
    block = np.arange(tokens) // length
    return block[:, None] >= block[None, :]


@pytest.mark.parametrize("quantization", BOUNDS)
@pytest.mark.parametrize("name", BLOCK_CAUSAL)
def test_block_by_block(
    family_model: Models, record_parity: RecordParity, name: str, quantization: str
) -> None:
    model = family_model(name)
    length = model.manifest.block_length
    assert length is not None
    count = 3 * length
    ids = text_ids(model, count, masked=range(count - length // 2, count))
    (expected,) = model.reference.run(
        [Pass(ids=ids, positions=range(count), visible=block_mask(count, length))]
    )
    graph = runner(model, quantization)
    for check, blocks in (("first block, past = 0", [0]), ("later blocks, past > 0", [1, 2])):
        for block in blocks:
            rows = slice(block * length, (block + 1) * length)
            positions = list(range(count))[rows]
            graph.run(text_ids(model, length, seed=4), positions=positions, keep=False)
            ours = graph.run(ids[rows], positions=positions)
            record_parity(
                name,
                f"block-causal pass, {check}",
                NUMBERS[quantization],
                difference(model, ours.logits, expected.logits[rows]),
                BOUNDS[quantization],
            )


@pytest.mark.parametrize("quantization", BOUNDS)
def test_causal_base(family_model: Models, record_parity: RecordParity, quantization: str) -> None:
    model = family_model("qwen2")
    ids = text_ids(model, TOKENS)
    causal = np.tril(ALL_VISIBLE)
    (expected,) = model.reference.run([Pass(ids=ids, positions=range(TOKENS), visible=causal)])
    graph = runner(model, quantization)
    ours = np.concatenate([graph.run(ids[:30]).logits, graph.run(ids[30:]).logits])
    record_parity(
        "qwen2",
        "causal passes, past = 0 and past > 0",
        NUMBERS[quantization],
        difference(model, ours, expected.logits),
        BOUNDS[quantization],
    )


def slot_logprobs(model: FamilyModel, logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """What each slot of a text gets, given the rows of a pass over all of it: un-shifted as Dream does it."""
    rows = np.concatenate([logits[:1], logits[:-1]]) if model.manifest.shift else logits
    rows = rows[:, model.kept].astype(np.float64)
    highest = rows.max(axis=1, keepdims=True)
    answer: NDArray[np.float64] = rows - highest - np.log(np.exp(rows - highest).sum(axis=1, keepdims=True))
    return answer


def predict(denoiser: MaskedDenoiser, before: list[int], slots: int, after: list[int]) -> list[Predictions]:
    """Answers for a masked canvas, part by part as the denoiser takes it; committed as they come."""
    canvas, start, answers = Canvas(slots), 0, []
    denoiser.begin(before, after, CancelToken())
    while start < slots:
        block = denoiser.aligned(range(start, slots))
        answers.append(denoiser.predict(canvas, block))
        for slot in block:
            canvas.commit(slot, 7, 0.0)
        start = block.stop
    return answers


def check_slots(model: FamilyModel, answers: Predictions, expected: NDArray[np.float64]) -> float:
    """The largest difference between a slot's candidates and the reference's, in order and by token."""
    best = -np.sort(-expected, axis=1)[:, : answers.top_ids.shape[1]]
    by_token = np.take_along_axis(expected, np.searchsorted(model.kept, answers.top_ids), axis=1)
    return float(max(np.abs(answers.top_logprobs - theirs).max() for theirs in (best, by_token)))


@pytest.mark.parametrize("prefix", [0, 1, PREFIX])
@pytest.mark.parametrize("name", BIDIRECTIONAL)
def test_slots_of_a_span(family_model: Models, record_parity: RecordParity, name: str, prefix: int) -> None:
    """Shift on and off: what the runtime takes for a slot is the reference's answer for that very place."""
    model = family_model(name)
    before, after = text_ids(model, prefix, seed=5), text_ids(model, SUFFIX, seed=6)
    mask = model.manifest.tokens.mask
    assert mask is not None
    ids = [*before, *[mask] * SPAN, *after]
    visible = np.ones((len(ids), len(ids)), bool)
    (full,) = model.reference.run([Pass(ids=ids, positions=range(len(ids)), visible=visible)])
    denoiser = BidirectionalDenoiser(DenoiserSession(model.folder("none"), threads=1), NoCache())
    (answers,) = predict(denoiser, before, SPAN, after)
    expected = slot_logprobs(model, full.logits)[prefix : prefix + SPAN]
    record_parity(
        name, "log-probabilities of a span's slots", "fp32", check_slots(model, answers, expected), 1e-4
    )


@pytest.mark.parametrize("prompt", ["nothing", "half a block", "whole blocks", "blocks and a half"])
@pytest.mark.parametrize("name", BLOCK_CAUSAL)
def test_slots_of_blocks(family_model: Models, record_parity: RecordParity, name: str, prompt: str) -> None:
    """Shift on and off; a block's first slot, which a shifted model answers for at the block before."""
    model = family_model(name)
    length = model.manifest.block_length
    assert length is not None
    before_tokens = {
        "nothing": 0,
        "half a block": length // 2,
        "whole blocks": 2 * length,
        "blocks and a half": length + length // 2,
    }[prompt]
    slots = 2 * length
    before = text_ids(model, before_tokens, seed=7)
    mask = model.manifest.tokens.mask
    assert mask is not None
    denoiser = BlockCausalDenoiser(DenoiserSession(model.folder("none"), threads=1))
    answers = predict(denoiser, before, slots, [])
    start, worst = before_tokens, 0.0
    for answer in answers:
        # At this point all slots before the active part hold the committed token, the part itself masks.
        committed = [7] * (start - before_tokens)
        count = (start // length + 1) * length
        count = min(count, before_tokens + slots)
        ids = [*before, *committed, *[mask] * (count - start)]
        (full,) = model.reference.run(
            [Pass(ids=ids, positions=range(count), visible=block_mask(count, length))]
        )
        expected = slot_logprobs(model, full.logits)[start : start + len(answer)]
        worst = max(worst, check_slots(model, answer, expected))
        start += len(answer)
    assert start == before_tokens + slots
    record_parity(name, "log-probabilities of blocks' slots", "fp32", worst, 1e-4)
