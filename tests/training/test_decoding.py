"""The plain decoding: which slot is settled, and what an answer does to the canvas."""

from collections.abc import Callable
from dataclasses import replace

import torch
from corpora import SHAPE
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from export.training.decoding import LONGEST_CANVAS_TOKENS, Hole, fill, settle
from export.training.model import Denoiser
from export.training.vocabulary import TokenIds

IDS = TokenIds(mask=1, expand=2, delete=0, newline=3)


class Scripted(Denoiser):
    """A denoiser whose logits follow from what it sees, by a rule of the test's."""

    def __init__(self, rule: Callable[[list[int], int], tuple[int, float]]) -> None:
        super().__init__(replace(SHAPE, vocab_size=40, hidden_size=40))
        self.rule = rule
        self.seen: list[list[int]] = []

    def hidden(self, input_ids: Tensor) -> Tensor:
        states = torch.zeros(*input_ids.shape, 40)
        for row, tokens in enumerate(input_ids.tolist()):
            self.seen.append(tokens)
            for place in range(len(tokens)):
                answer, logit = self.rule(tokens, place)
                states[row, place, answer] = logit
        return states

    def logits(self, hidden: Tensor) -> Tensor:
        return hidden.clone()


def test_the_likeliest_slot_is_settled_first() -> None:
    model = Scripted(lambda _, place: (10 + place, float(place)))
    hole = Hole([4, 5], [6, 7, 8], [IDS.mask] * 3)

    fill(model, [hole], IDS, window=8, may_resize=False)

    assert hole.canvas == [12, 13, 14]
    assert [row[2:5] for row in model.seen] == [[1, 1, 1], [1, 1, 14], [1, 13, 14]]
    assert hole.passes == 3


def test_lengths_change_only_where_they_may() -> None:
    model = Scripted(lambda _, __: (IDS.expand, 9.0))
    hole = Hole([4] * 10, [5] * 90, [IDS.mask] * 2)

    fill(model, [hole], IDS, window=100, may_resize=False)

    assert len(hole.canvas) == 2
    assert not {IDS.mask, IDS.expand, IDS.delete} & set(hole.canvas)


def test_a_model_that_always_expands_comes_to_an_end() -> None:
    model = Scripted(lambda _, __: (IDS.expand, 9.0))
    hole = Hole([4] * 10, [5] * 90, [IDS.mask] * 2)

    fill(model, [hole], IDS, window=100, may_resize=True)

    assert hole.grown == LONGEST_CANVAS_TOKENS - 2
    assert not {IDS.mask, IDS.expand} & set(hole.canvas)
    assert all(len(row) == 100 for row in model.seen)


def test_holes_do_not_touch_each_other() -> None:
    def rule(tokens: list[int], place: int) -> tuple[int, float]:
        return 10 + (sum(tokens) + place) % 20, float(place % 3)

    holes = [Hole([number], [7] * 20, [IDS.mask] * number) for number in range(1, 6)]
    alone = [Hole([number], [7] * 20, [IDS.mask] * number) for number in range(1, 6)]

    fill(Scripted(rule), holes, IDS, window=16, may_resize=False)
    for hole in alone:
        fill(Scripted(rule), [hole], IDS, window=16, may_resize=False)

    assert [hole.canvas for hole in holes] == [hole.canvas for hole in alone]


def test_a_canvas_beyond_the_window_pushes_out_the_far_prefix() -> None:
    model = Scripted(lambda _, place: (10, float(place)))
    hole = Hole([20, 21, 22, 23, 24, 25], [30], [IDS.mask] * 4)

    fill(model, [hole], IDS, window=8, may_resize=False)

    assert model.seen[0] == [22, 23, 24, 25, 1, 1, 1, 1]
    assert hole.canvas == [10] * 4


@given(st.lists(st.sampled_from([1, 8, 9]), min_size=1, max_size=12), st.data())
def test_answers_change_the_canvas_as_dreamon_says(canvas: list[int], data: st.DataObject) -> None:
    masks = [slot for slot, token in enumerate(canvas) if token == IDS.mask]
    if not masks:
        return
    slot = data.draw(st.sampled_from(masks))
    left, right = canvas[:slot], canvas[slot + 1 :]

    def after(answer: int) -> list[int]:
        hole = Hole([], [], list(canvas))
        settle(hole, slot, answer, IDS)
        return hole.canvas

    assert after(IDS.expand) == [*left, IDS.mask, IDS.mask, *right]
    assert after(IDS.delete) == left + [token for token in right if token != IDS.mask]
    assert after(30) == [*left, 30, *right]
