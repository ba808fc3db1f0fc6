"""An adapter at serving time: what runs through it, what its masks draft, what may be reused."""

from dataclasses import replace
from pathlib import Path

import pytest
from fixtures_tiny import TinyModel
from greedy_reference import Model, run_loop

from runtime.canvas import Canvas
from runtime.denoisers.causal import CausalDenoiser
from runtime.drafts.acceptance import Acceptance
from runtime.drafts.masks import MaskDrafts
from runtime.engine import FillEngine
from runtime.errors import ManifestError
from runtime.manifest import load_manifest, save_manifest
from runtime.pass_cost import WIDTHS, PassCost
from runtime.request import FillRequest
from runtime.session import DenoiserSession

FLAT = PassCost([1.0] * len(WIDTHS))
FAIR = PassCost([30.0, 31.0, 32.0, 60.0, 120.0])
STEEP = PassCost([10.0 * width for width in WIDTHS])
REQUEST = FillRequest(prefix="x = 1\n", layout="plain", mode="region", max_tokens=24)


@pytest.fixture(scope="module")
def adapted(make_tiny_model: TinyModel) -> Path:
    return make_tiny_model("int8", adapter=True, mask_slots=4)


def open_engine(folder: Path, cost: PassCost = FLAT) -> FillEngine:
    engine = FillEngine.open(folder, device="cpu", threads=1, calibrate=False)
    engine.cost = cost
    return engine


def test_the_adapter_has_its_say(adapted: Path, tiny_model: Path) -> None:
    assert open_engine(adapted).complete(REQUEST).text != open_engine(tiny_model).complete(REQUEST).text


def test_masks_run_where_they_cost_little(adapted: Path) -> None:
    model = Model.load(adapted, threads=1)
    mask, widest = model.session.manifest.tokens.mask, 0
    forward = model.session.forward

    def watched(ids, *rest, **options):  # type: ignore[no-untyped-def]
        nonlocal widest
        widest = max(widest, list(ids).count(mask))
        return forward(ids, *rest, **options)

    model.session.forward = watched  # type: ignore[method-assign]
    # A pass is two tokens wide at least: one mask is free.
    for cost, least, most in ((FAIR, 2, 4), (STEEP, 1, 1)):
        widest = 0
        run_loop(model, REQUEST, "self-verify", cost=cost, acceptance=Acceptance(), previous=[])
        assert least <= widest <= most


def test_text_that_was_accepted_becomes_context(adapted: Path) -> None:
    """Its rows went through the adapter; as a prompt they must not have."""
    used = open_engine(adapted)
    first = used.complete(REQUEST)
    assert first.tokens > 4
    later = replace(REQUEST, prefix=REQUEST.prefix + first.text)
    found = used.complete(later)
    assert found.text == open_engine(adapted).complete(later).text
    assert found.cached_tokens <= first.prompt_tokens < found.prompt_tokens
    shorter = replace(REQUEST, prefix=REQUEST.prefix[:-2])
    assert used.complete(shorter).text == open_engine(adapted).complete(shorter).text


@pytest.mark.parametrize(("adapter", "reused"), [(True, 3), (False, 5)])
def test_rows_of_the_span_serve_no_prompt(make_tiny_model: TinyModel, adapter: bool, reused: int) -> None:
    denoiser = CausalDenoiser(DenoiserSession(make_tiny_model("int8", adapter=adapter), threads=1))
    canvas = Canvas()
    canvas.redraft([9, 9], 4)
    denoiser.begin([5, 6, 7])
    denoiser.predict(canvas, 2)
    denoiser.settle([9, 9, 4])
    assert denoiser.begin([5, 6, 7, 9, 9, 4, 8]) == reused


def test_what_is_still_the_prompt_is_reused(adapted: Path) -> None:
    engine = open_engine(adapted)
    first = engine.complete(REQUEST)
    again = engine.complete(REQUEST)
    assert again.cached_tokens == first.prompt_tokens - 1


def test_guesses_behind_a_wrong_draft_are_dropped() -> None:
    drafts = MaskDrafts(4)
    drafts.begin([], [])
    assert drafts.propose([1], 8) is None
    drafts.take([5, 6, 7])
    found = drafts.propose([1], 2)
    assert found is not None
    assert (found.tokens, found.key(1)) == ((5, 6), "mask2")
    drafts.take([])
    assert drafts.propose([1], 2) is None


def test_how_many_masks_follows_from_their_record_and_their_price() -> None:
    good, bad = Acceptance(), Acceptance()
    for place in range(1, 5):
        good.count(f"mask{place}", 50, False)
        for _ in range(50):
            bad.count(f"mask{place}", 0, True)
    cost = PassCost([30.0, 34.0, 48.0, 78.0, 130.0])

    def masks(acceptance: Acceptance, all_right: float = 1.0, room: int = 10) -> int:
        return MaskDrafts(4).worthwhile(
            acceptance, cost, drafts=0, all_right=all_right, rate=1 / cost.ms(1), room=room
        )[0]

    assert masks(good) == 4
    assert masks(good, room=2) == 2
    # A pass is two tokens wide at least, so one mask behind a lone token is free.
    assert masks(good, all_right=0.05) == 1
    assert masks(bad) <= 1


def test_masks_need_a_token(adapted: Path, tmp_path: Path) -> None:
    manifest = load_manifest(adapted)
    save_manifest(replace(manifest, tokens=replace(manifest.tokens, mask=None)), tmp_path)
    with pytest.raises(ManifestError, match="masked slots without"):
        load_manifest(tmp_path)
