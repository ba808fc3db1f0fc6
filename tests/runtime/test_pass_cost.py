import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.pass_cost import MAX_DRAFTS, WIDTHS, PassCost, load, measure, save

costs = st.lists(st.floats(0.01, 1000), min_size=len(WIDTHS), max_size=len(WIDTHS)).map(PassCost)
chances = st.lists(st.floats(0, 1), max_size=MAX_DRAFTS + 5)


def tokens_per_ms(cost: PassCost, chances: list[float], drafts: int) -> float:
    """Expected commits: the answer itself, and each draft if all up to it are right."""
    expected = 1 + sum(math.prod(chances[: count + 1]) for count in range(drafts))
    return expected / cost.ms(drafts + 1)


@given(costs, chances)
def test_the_best_width_is_the_best_of_all(cost: PassCost, chances: list[float]) -> None:
    found = cost.best_drafts(chances)
    assert 0 <= found <= min(len(chances), MAX_DRAFTS)
    best = max(tokens_per_ms(cost, chances, count) for count in range(min(len(chances), MAX_DRAFTS) + 1))
    assert tokens_per_ms(cost, chances, found) == pytest.approx(best)


def test_extremes() -> None:
    flat, steep = PassCost([5.0] * len(WIDTHS)), PassCost([1.0, 100.0, 200.0, 400.0, 800.0])
    assert flat.best_drafts([1.0] * 99) == MAX_DRAFTS
    assert steep.best_drafts([0.9] * 99) <= 1
    assert flat.best_drafts([]) == 0
    assert flat.best_drafts([0.0] * 5) == 0


@given(costs)
def test_wider_is_never_cheaper(cost: PassCost) -> None:
    values = [cost.ms(width) for width in range(1, WIDTHS[-1] + 3)]
    assert values == sorted(values)


def test_measuring_runs_every_width() -> None:
    widths: list[int] = []
    cost = measure(widths.append)
    assert set(widths) == set(WIDTHS)
    assert cost.measured
    assert set(cost.by_width) == set(WIDTHS)


def test_a_measurement_is_remembered_for_its_key_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cost.json"
    assert load(path, "a") is None
    save(PassCost([1.0, 2.0, 3.0, 4.0, 5.0], measured=True), path, "a")
    again = load(path, "a")
    assert again is not None
    assert again.measured
    assert again.ms(16) == 4.0
    assert load(path, "b") is None


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"key": "a", "ms": [1]}', '{"key": "a", "ms": "fast!"}']
)
def test_a_damaged_file_is_measured_again(tmp_path: Path, content: str) -> None:
    path = tmp_path / "cost.json"
    path.write_text(content)
    assert load(path, "a") is None


def test_a_folder_that_can_not_be_written_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    save(PassCost(), tmp_path / "file" / "cost.json", "a")
