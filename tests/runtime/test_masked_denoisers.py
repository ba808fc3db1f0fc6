"""Denoisers of masked models against passes written out by hand: order, shift, cached rows, blocks."""

from pathlib import Path

import numpy as np
import pytest
from fixtures_tiny import TinyModel
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.caches.base import CachePolicy
from runtime.caches.dual import DualCache
from runtime.caches.none import NoCache
from runtime.caches.prefix import PrefixCache
from runtime.caches.registry import cache_name, make_cache
from runtime.cancellation import CancelToken
from runtime.canvas import Canvas
from runtime.denoisers.bidirectional import BidirectionalDenoiser
from runtime.denoisers.block_causal import BlockCausalDenoiser
from runtime.errors import FillCancelled, UsageError
from runtime.manifest import load_manifest
from runtime.predictions import Predictions
from runtime.session import DenoiserSession

IDS = np.random.default_rng(5).integers(0, 390, 300).tolist()
BLOCK = 4


def close(ours: Predictions, theirs: Predictions) -> bool:
    return len(ours) == len(theirs) and bool(
        (ours.top_ids[:, 0] == theirs.top_ids[:, 0]).all()
        and np.allclose(ours.top_logprobs, theirs.top_logprobs, atol=2e-4)
        and np.allclose(ours.entropy, theirs.entropy, atol=2e-3)
    )


def same(ours: Predictions, theirs: Predictions) -> bool:
    return np.array_equal(ours.top_ids, theirs.top_ids) and np.array_equal(
        ours.top_logprobs, theirs.top_logprobs
    )


def partly_settled(slots: int, every: int = 3) -> Canvas:
    canvas = Canvas(slots)
    for slot in range(0, slots, every):
        canvas.commit(slot, IDS[100 + slot], -0.1)
    return canvas


def tokens_of(canvas: Canvas, mask: int) -> list[int]:
    return [mask if token < 0 else token for token in canvas.ids]


def full_pass(session: DenoiserSession, text: list[int], first: int, count: int) -> Predictions:
    """The whole text in reading order, no cache; the shift undone by hand."""
    kept = session.length
    session.truncate(0)
    rows = session.forward(text)
    assert kept == 0
    place = [max(0, first + i - session.manifest.shift) for i in range(count)]
    return Predictions.joined([rows.rows(i, 1) for i in place])


@pytest.fixture(params=[False, True], ids=["plain", "shifted"])
def session(request: pytest.FixtureRequest, make_tiny_model: TinyModel) -> DenoiserSession:
    folder = make_tiny_model("none", kind="bidirectional", shift=request.param)
    return DenoiserSession(folder, threads=1)


@pytest.fixture(params=[False, True], ids=["plain", "shifted"])
def blocks(request: pytest.FixtureRequest, make_tiny_model: TinyModel) -> DenoiserSession:
    folder = make_tiny_model("none", kind="block_causal", shift=request.param, block_length=BLOCK)
    return DenoiserSession(folder, threads=1)


def begin(session: DenoiserSession, cache: CachePolicy, before: int, after: int) -> BidirectionalDenoiser:
    denoiser = BidirectionalDenoiser(session, cache)
    denoiser.begin(IDS[:before], IDS[before : before + after], CancelToken())
    return denoiser


class TestBidirectional:
    @pytest.mark.parametrize("cache", [NoCache(), PrefixCache(), DualCache()], ids=lambda cache: cache.name)
    @pytest.mark.parametrize(("before", "after"), [(12, 7), (0, 5), (9, 0), (0, 0), (1, 1)])
    @pytest.mark.parametrize("block", [range(8), range(2, 5), range(7, 8)])
    def test_the_first_pass_sees_the_whole_text(
        self, session: DenoiserSession, cache: CachePolicy, before: int, after: int, block: range
    ) -> None:
        canvas = partly_settled(8)
        mask = session.manifest.tokens.mask
        assert mask is not None
        text = [*IDS[:before], *tokens_of(canvas, mask), *IDS[before : before + after]]
        expected = full_pass(session, text, before + block.start, len(block))
        assert close(begin(session, cache, before, after).predict(canvas, block), expected)

    def test_later_passes_see_the_new_canvas_behind_frozen_rows(self, session: DenoiserSession) -> None:
        """A span pass equals a full pass in which the context's keys and values are the old ones."""
        denoiser = begin(session, DualCache(), 10, 6)
        canvas, block = Canvas(5), range(5)
        denoiser.predict(canvas, block)
        canvas.commit(2, IDS[50], -0.1)
        ours = denoiser.predict(canvas, block)

        mask, shift = session.manifest.tokens.mask, int(session.manifest.shift)
        assert mask is not None
        session.truncate(0)
        context = [*range(10 - shift), *range(15, 21)]
        text = np.array([*IDS[:10], *[mask] * 5, *IDS[10:16]])
        span = np.arange(10 - shift, 15)
        order = np.array([*context, *span])
        session.forward(text[order], order)
        session.advance(len(context))
        text[12] = IDS[50]
        expected = session.forward(text[span], span).rows(0, 5)
        assert same(ours, expected)

        exact = begin(session, NoCache(), 10, 6).predict(canvas, block)
        assert not np.allclose(ours.top_logprobs, exact.top_logprobs, atol=1e-3), "frozen rows are stale"

    @pytest.mark.parametrize("cache", [DualCache(1), PrefixCache(1)], ids=lambda cache: cache.name)
    def test_rows_renewed_each_pass_equal_no_cache(
        self, session: DenoiserSession, cache: CachePolicy
    ) -> None:
        canvas, block = Canvas(6), range(6)
        answers = []
        denoiser = begin(session, cache, 10, 5)
        for slot in range(6):
            canvas.commit(slot, IDS[60 + slot], -0.1)
            answers.append(denoiser.predict(canvas, block))
        canvas = Canvas(6)
        for slot in range(6):
            canvas.commit(slot, IDS[60 + slot], -0.1)
            assert close(answers[slot], begin(session, NoCache(), 10, 5).predict(canvas, block))

    def test_rows_are_renewed_on_schedule(self, session: DenoiserSession) -> None:
        lengths = []
        denoiser = begin(session, DualCache(3), 10, 5)
        forward = session.forward

        def counted(ids: object, *args: object, **kwargs: object) -> Predictions:
            lengths.append(len(ids))  # type: ignore[arg-type]
            return forward(ids, *args, **kwargs)  # type: ignore[arg-type]

        session.forward = counted  # type: ignore[method-assign,assignment]
        for _ in range(7):
            denoiser.predict(Canvas(4), range(4))
        span = 4 + session.manifest.shift
        assert lengths == [19, span, span, 19, span, span, 19]

    def test_another_length_or_block_renews_the_rows(self, session: DenoiserSession) -> None:
        denoiser = begin(session, DualCache(), 10, 5)
        exact = begin(DenoiserSession(_folder(session), threads=1), NoCache(), 10, 5)
        canvas = partly_settled(8)
        denoiser.predict(canvas, range(4))
        canvas.insert(3, 2)
        for block in (range(4), range(4, 8), range(2, 8)):
            assert close(denoiser.predict(canvas, block), exact.predict(canvas, block))
        canvas.remove(6)
        assert close(denoiser.predict(canvas, range(2, 8)), exact.predict(canvas, range(2, 8)))

    @pytest.mark.parametrize("cache", [NoCache(), PrefixCache(), DualCache()], ids=lambda cache: cache.name)
    def test_blind_hides_a_slot_from_itself_alone(self, session: DenoiserSession, cache: CachePolicy) -> None:
        canvas = Canvas(6)
        for slot in (1, 2, 4):
            canvas.commit(slot, IDS[70 + slot], -0.1)
        denoiser = begin(session, cache, 10, 5)
        rows = denoiser.blind(canvas, range(6), [1, 4])
        assert denoiser.passes == 2
        for row, slot in enumerate((1, 4)):
            hidden = Canvas(6)
            for other in {1, 2, 4} - {slot}:
                hidden.commit(other, IDS[70 + other], -0.1)
            expected = begin(session, NoCache(), 10, 5).predict(hidden, range(6)).rows(slot, 1)
            # The second row is behind rows that saw the first slot hidden.
            assert close(rows.rows(row, 1), expected) or (cache.name != "none" and row > 0)
        assert canvas.ids[1] == IDS[71]

    def test_a_cancelled_one_stops(self, session: DenoiserSession) -> None:
        cancel = CancelToken()
        denoiser = BidirectionalDenoiser(session, DualCache())
        denoiser.begin(IDS[:4], [], cancel)
        cancel.cancel()
        with pytest.raises(FillCancelled):
            denoiser.predict(Canvas(2), range(2))

    def test_a_model_without_a_mask_is_refused(self, tiny_model: Path) -> None:
        with pytest.raises(UsageError, match="no mask token"):
            BidirectionalDenoiser(DenoiserSession(tiny_model), NoCache())


def block_rows(session: DenoiserSession, text: list[int]) -> list[Predictions]:
    """Every block behind those before it, by hand."""
    session.truncate(0)
    rows = []
    for start in range(0, len(text), BLOCK):
        part = text[start : start + BLOCK]
        rows.append(session.forward(part))
        session.advance(len(part))
    session.truncate(0)
    return rows


class TestBlockCausal:
    @settings(max_examples=40, deadline=None)
    @given(prompt=st.integers(0, 18), slots=st.integers(1, 11), reuse=st.booleans(), data=st.data())
    def test_a_pass_is_its_block_behind_the_finished_ones(
        self, make_tiny_model: TinyModel, prompt: int, slots: int, reuse: bool, data: st.DataObject
    ) -> None:
        shift = data.draw(st.booleans())
        folder = make_tiny_model("none", kind="block_causal", shift=shift, block_length=BLOCK)
        session = DenoiserSession(folder, threads=1)
        mask = session.manifest.tokens.mask
        assert mask is not None
        denoiser = BlockCausalDenoiser(session, reuse=reuse)
        denoiser.begin(IDS[:prompt], [], CancelToken())
        canvas = Canvas(slots)
        while canvas.masked:
            block = denoiser.aligned(range(canvas.masked[0], slots))
            assert (prompt + block.stop) % BLOCK == 0 or block.stop == slots
            ours = denoiser.predict(canvas, block)
            kept = session.length
            text = [*IDS[:prompt], *tokens_of(canvas, mask)]
            number = (prompt + block.start) // BLOCK
            rows = block_rows(session, text[: (number + 1) * BLOCK])
            expected = []
            for slot in block:
                place = max(0, prompt + slot - shift)
                expected.append(rows[place // BLOCK].rows(place % BLOCK, 1))
            assert close(ours, Predictions.joined(expected))
            # By hand the cache was overwritten: begin anew, as a new request would.
            assert kept == number * BLOCK
            denoiser = BlockCausalDenoiser(session, reuse=reuse)
            denoiser.begin(IDS[:prompt], [], CancelToken())
            chosen = data.draw(st.sampled_from(sorted(set(canvas.masked) & set(block))))
            canvas.commit(chosen, IDS[200 + chosen], -0.1)

    def test_exact_equals_none(self, blocks: DenoiserSession) -> None:
        other = DenoiserSession(_folder(blocks), threads=1)
        exact, plain = BlockCausalDenoiser(blocks), BlockCausalDenoiser(other, reuse=False)
        for denoiser in (exact, plain):
            denoiser.begin(IDS[:10], [], CancelToken())
        canvas = Canvas(9)
        for slot in (1, 0, 3, 2, 5, 4, 6, 8, 7):
            block = exact.aligned(range(min(canvas.masked[0], slot), 9))
            assert same(exact.predict(canvas, block), plain.predict(canvas, block))
            canvas.commit(slot, IDS[120 + slot], -0.2)
        assert exact.passes == plain.passes == 9

    def test_a_longer_prompt_runs_only_what_is_new(self, blocks: DenoiserSession) -> None:
        denoiser = BlockCausalDenoiser(blocks)
        assert denoiser.begin(IDS[:15], [], CancelToken()) == 0
        assert denoiser.begin(IDS[:22], [], CancelToken()) == 12
        assert denoiser.begin([*IDS[:9], 1, 1, 1, 1], [], CancelToken()) == 8
        ours = denoiser.predict(Canvas(3), range(3))
        fresh = BlockCausalDenoiser(DenoiserSession(_folder(blocks), threads=1))
        fresh.begin([*IDS[:9], 1, 1, 1, 1], [], CancelToken())
        assert same(ours, fresh.predict(Canvas(3), range(3)))

    def test_text_behind_the_canvas_is_refused(self, blocks: DenoiserSession) -> None:
        with pytest.raises(UsageError, match="nothing behind its canvas"):
            BlockCausalDenoiser(blocks).begin(IDS[:3], IDS[:1], CancelToken())

    def test_blind_hides_a_slot_from_itself_alone(self, blocks: DenoiserSession) -> None:
        denoiser = BlockCausalDenoiser(blocks)
        denoiser.begin(IDS[:8], [], CancelToken())
        canvas, hidden = Canvas(4), Canvas(4)
        canvas.commit(1, IDS[9], -0.1)
        canvas.commit(2, IDS[10], -0.1)
        hidden.commit(2, IDS[10], -0.1)
        row = denoiser.blind(canvas, range(4), [1])
        assert same(row, denoiser.predict(hidden, range(4)).rows(1, 1))


def _folder(session: DenoiserSession) -> Path:
    return Path(session._session._model_path).parent


class TestNames:
    def test_defaults(self, make_tiny_model: TinyModel, tiny_model: Path) -> None:
        both = load_manifest(make_tiny_model("none", kind="bidirectional", shift=True))
        assert cache_name(None, both) == "dual"
        assert cache_name("dual:4", both) == "dual"
        assert make_cache("prefix:2", both).stale(2)
        assert not make_cache("prefix:2", both).stale(1)
        assert not make_cache(None, both).stale(1000)
        assert cache_name(None, load_manifest(tiny_model)) == "exact"

    @pytest.mark.parametrize("spec", ["exact", "dual:0", "dual:x", "dual:", "none:3", "", "Dual"])
    def test_what_does_not_exist_is_refused(self, make_tiny_model: TinyModel, spec: str) -> None:
        manifest = load_manifest(make_tiny_model("none", kind="bidirectional", shift=True))
        if spec == "":
            assert cache_name(spec, manifest) == "dual"
            return
        with pytest.raises(UsageError):
            cache_name(spec, manifest)
