"""Training learns, resumes to the step, is the same twice, and what it leaves can be exported."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_examples import END, MASK, MASK_TOKEN, cycle, decoder, prepared, settings

from export.adaptation.adapter_file import load_adapter, save_adapter
from export.adaptation.layout import lay_out
from export.adaptation.losses import losses
from export.adaptation.prepared import Prepared
from export.adaptation.settings import Settings
from export.adaptation.store import Order
from export.adaptation.train import ADAPTER_FILE, LOG_FILE, Run, passes
from export.adaptation.validate import validate
from export.adapter import read_description
from runtime.errors import InputError


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepared(tmp_path_factory.mktemp("examples"))


def make_run(data: Prepared, folder: Path, chosen: Settings | None = None, **options: int) -> Run:
    made = decoder(chosen or settings(), adapted=False)
    return Run(data, folder, made, base_sha256="0" * 64, validation_examples=2, **options)


def weights(run: Run) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in run.decoder.parameters()])


def test_masks_learn_what_follows(data: Prepared, tmp_path: Path) -> None:
    chosen = settings(learning_rate=0.01, next_weight=1.0, keep_weight=0.0, examples=4)
    run = make_run(data, tmp_path, chosen, validate_every=1000)
    laid = [lay_out(cycle(n), chosen, MASK, np.random.default_rng(n)) for n in range(40, 44)]

    def measured() -> tuple[float, float]:
        with torch.no_grad():
            found = losses(run.decoder, laid, data.shortlist)
        return float(found.masks), float(found.next_token)

    before = measured()
    run.train(stop_after=30)
    after = measured()
    # The masks' loss is never below the entropy of what they are taught.
    assert after[0] < 0.8 * before[0]
    assert after[1] < 0.8 * before[1]


def test_a_run_that_is_cut_goes_on_as_if_it_had_not_been(data: Prepared, tmp_path: Path) -> None:
    whole = make_run(data, tmp_path / "whole", validate_every=2)
    whole.train(stop_after=5)
    make_run(data, tmp_path / "cut", validate_every=2).train(stop_after=3)
    rest = make_run(data, tmp_path / "cut", validate_every=2)
    assert rest.step == 3
    rest.train(stop_after=5)
    assert torch.equal(weights(whole), weights(rest))
    rows = [json.loads(line) for line in (tmp_path / "cut" / LOG_FILE).read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 3, 4, 5]
    assert (
        rows[-1]["slot_own"]
        == json.loads((tmp_path / "whole" / LOG_FILE).read_text().splitlines()[-1])["slot_own"]
    )


def test_another_seed_is_another_run(data: Prepared, tmp_path: Path) -> None:
    first, other = (make_run(data, tmp_path / str(seed), settings(seed=seed)) for seed in (0, 1))
    for run in (first, other):
        run.train(stop_after=2)
    assert not torch.equal(weights(first), weights(other))


def test_other_settings_are_refused(data: Prepared, tmp_path: Path) -> None:
    make_run(data, tmp_path).train(stop_after=1)
    with pytest.raises(InputError, match="another slot_decay"):
        make_run(data, tmp_path, settings(slot_decay=0.5))


def test_own_text_needs_a_folder(data: Prepared, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rewrite"):
        make_run(data, tmp_path, settings(own_share=0.5))


def test_own_text_is_trained_on(data: Prepared, tmp_path: Path) -> None:
    runs = []
    for share in (0.0, 1.0):
        made = decoder(settings(own_share=share), adapted=False)
        run = Run(data, tmp_path / str(share), made, base_sha256="", own=data.validation)
        run.train(stop_after=2)
        runs.append(weights(run))
    assert not torch.equal(*runs)


def test_the_decay_ends_the_run_at_a_rate_of_nothing(data: Prepared, tmp_path: Path) -> None:
    run = make_run(data, tmp_path)
    assert not run.train(stop_after=3)
    assert run.train(decay_steps=4)
    assert run.step == 7
    assert run.schedule.factor(6) == pytest.approx(1 / 5)
    assert run.schedule.factor(7) == 0
    assert run.train(stop_after=20)
    assert run.step == 7


def test_small_passes_add_up_to_a_large_one(data: Prepared) -> None:
    laid = [lay_out(cycle(n), settings(), MASK, np.random.default_rng(n)) for n in range(4)]
    assert [len(group) for group in passes(laid, 1)] == [1, 1, 1, 1]
    assert [len(group) for group in passes(laid, 10_000)] == [4]
    made = decoder(settings())
    whole = losses(made, laid, data.shortlist)
    shortlist = np.unique(np.concatenate([data.shortlist, *(each.next_tokens for each in laid)]))
    parts = [losses(made, [each], shortlist) for each in laid]
    torch.testing.assert_close(whole.masks, sum(part.masks for part in parts))
    torch.testing.assert_close(whole.next_token, sum(part.next_token for part in parts))


@pytest.mark.parametrize("teacher", ["own", "base"])
def test_teachers(data: Prepared, teacher: str) -> None:
    """A mask's loss is least where it answers as its teacher does: as the base before any training."""
    made = decoder(settings(teacher=teacher), adapted=False)
    laid = [lay_out(cycle(0), settings(), MASK, np.random.default_rng(0))]
    found = losses(made, laid, data.shortlist)
    assert found.masks > 0
    found.total(0.0, 1, 1.0).backward()  # type: ignore[no-untyped-call]
    assert any(parameter.grad is not None and parameter.grad.any() for parameter in made.parameters())


def test_validation_counts_what_is_right() -> None:
    """Against one row at a time, by hand."""
    made = decoder(settings())
    example = cycle(3)
    found = validate(made, [example], mask=MASK, end_ids=frozenset({END}), seed=0)
    laid = lay_out(example, replace(made.settings, anchors=8), MASK, np.random.default_rng((0, 3, 0)))
    passed = made([laid])
    own = made.logits(passed.clean).argmax(-1).numpy()
    drafts = made.logits(passed.masks).argmax(-1).numpy()
    assert found["next_top1"] == pytest.approx((own == laid.next_tokens).mean(), abs=1e-4)
    first = laid.slot == 1
    right = drafts == own[laid.taught_by]
    assert found["slot_own"][0] == pytest.approx(right[first].mean(), abs=1e-4)
    assert found["validation_masks"] == len(drafts)


def test_an_adapter_file_reads_as_it_was_written(data: Prepared, tmp_path: Path) -> None:
    run = make_run(data, tmp_path)
    run.train(stop_after=2)
    again = decoder(settings(), adapted=False)
    load_adapter(tmp_path / ADAPTER_FILE, again)
    torch.testing.assert_close(
        torch.cat([p.detach().flatten() for p in again.parameters()]), weights(run), rtol=1e-3, atol=1e-4
    )
    said = read_description(tmp_path / ADAPTER_FILE)
    assert (said.mask_token, said.slots, said.attention) == (MASK_TOKEN, 3, "causal")
    assert said.base_sha256 == "0" * 64


def test_an_adapter_of_other_sizes_is_refused(tmp_path: Path) -> None:
    save_adapter(tmp_path / "a", decoder(), mask_token=MASK_TOKEN, base_sha256="", step=1)
    with pytest.raises(InputError, match="--rank"):
        load_adapter(tmp_path / "a", decoder(settings(rank=2), adapted=False))
    with pytest.raises(InputError, match="--projections"):
        load_adapter(tmp_path / "a", decoder(settings(projections=("qkv",)), adapted=False))


def test_an_epoch_visits_every_example_once() -> None:
    order = Order(7, seed=3)
    first, second = [order(n) for n in range(7)], [order(n) for n in range(7, 14)]
    assert sorted(first) == sorted(second) == list(range(7))
    assert first != second
    assert [Order(7, seed=3)(n) for n in range(7, 14)] == second
