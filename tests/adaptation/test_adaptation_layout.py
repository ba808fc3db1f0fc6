"""Who sees whom, and what each mask has to answer."""

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_examples import MASK, example, settings

from export.adaptation.layout import lay_out, rows_of_interest


@hypothesis.settings(deadline=None)
@given(
    span=st.integers(2, 20),
    context=st.integers(1, 12),
    slots=st.integers(1, 5),
    anchors=st.integers(1, 12),
    attention=st.sampled_from(["causal", "bidirectional"]),
    seed=st.integers(0, 1000),
)
def test_a_mask_sees_what_it_will_see_in_an_editor(
    span: int, context: int, slots: int, anchors: int, attention: str, seed: int
) -> None:
    given_ = example(seed, context, span)
    chosen = settings(slots=slots, anchors=anchors, attention=attention)
    laid = lay_out(given_, chosen, MASK, np.random.default_rng(seed))
    count = span - 1
    assert laid.ids[:count].tolist() == given_.span[:-1].tolist()
    assert set(laid.ids[count:].tolist()) <= {MASK}
    assert len(np.unique(laid.taught_by - laid.slot)) <= anchors
    for row in range(len(laid.slot)):
        taught, slot = int(laid.taught_by[row]), int(laid.slot[row])
        anchor = taught - slot
        assert -1 <= anchor < count - 1
        assert taught < count
        # It stands `slot` places behind its anchor, where the token that teaches it stands.
        assert laid.positions[count + row] == laid.positions[taught]
        sees = laid.visible[count + row]
        assert sees[:context].all()
        assert np.flatnonzero(sees[context : context + count]).tolist() == list(range(anchor + 1))
        others = laid.taught_by - laid.slot == anchor
        if attention == "causal":
            others &= laid.slot <= slot
        assert (sees[context + count :] == others).all()
    clean = laid.visible[:count]
    assert (clean[:, context : context + count] == np.tri(count, dtype=bool)).all()
    assert not clean[:, context + count :].any()


def test_every_place_is_an_anchor_where_there_is_room() -> None:
    laid = lay_out(example(span=8), settings(slots=2, anchors=50), MASK, np.random.default_rng(0))
    assert sorted(set((laid.taught_by - laid.slot).tolist())) == [-1, 0, 1, 2, 3, 4, 5]
    assert len(laid.slot) == 13  # the last anchor has one token left to predict, not two


def test_the_seed_chooses_the_anchors() -> None:
    chosen = settings(anchors=3)
    first, again, other = (
        lay_out(example(span=20), chosen, MASK, np.random.default_rng(seed)).taught_by.tolist()
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_rows_of_interest_hold_every_target() -> None:
    laid = [lay_out(example(seed), settings(), MASK, np.random.default_rng(0)) for seed in range(3)]
    rows = rows_of_interest(laid, np.array([5, 1, 5]))
    assert {1, 5} <= set(rows.tolist())
    assert all(np.isin(each.next_tokens, rows).all() for each in laid)
    assert (np.diff(rows) > 0).all()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"slots": 0}, "--slots"),
        ({"projections": ("heads",)}, "--projections"),
        ({"projections": ()}, "--projections"),
        ({"own_share": 1.5}, "--own-share"),
        ({"learning_rate": 0.0}, "learning rate"),
    ],
)
def test_settings_that_make_no_sense(change: dict[str, object], word: str) -> None:
    from runtime.errors import UsageError

    with pytest.raises(UsageError, match=word):
        settings(**change)
