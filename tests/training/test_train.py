"""Training runs: they learn, stop, and go on as if they had never stopped."""

import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from corpora import SHAPE, small_run, small_settings

from export.training.train import Run
from runtime.errors import InputError


def weights(run: Run) -> dict[str, torch.Tensor]:
    return {name: weight.clone() for name, weight in run.model.state_dict().items()}


def losses(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def without_times(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{key: value for key, value in row.items() if key != "elapsed_s"} for row in rows]


def test_a_stopped_run_ends_with_the_weights_of_one_that_was_not(corpus: Path, tmp_path: Path) -> None:
    whole = small_run(corpus, tmp_path / "whole")
    assert whole.train()

    # In the warm-up, on the plateau, and in the decay.
    for stop in (1, 5, 10):
        part = small_run(corpus, tmp_path / "part")
        assert not part.train(stop_after=stop)
        assert part.step == stop
    last = small_run(corpus, tmp_path / "part")
    assert last.step == 10
    assert last.train()

    resumed = weights(last)
    assert all(torch.equal(weight, resumed[name]) for name, weight in weights(whole).items())
    assert without_times(losses(tmp_path / "part")) == without_times(losses(tmp_path / "whole"))


def test_steps_lost_with_a_crash_are_taken_again(corpus: Path, tmp_path: Path) -> None:
    whole = small_run(corpus, tmp_path / "whole")
    whole.train()
    crashed = small_run(corpus, tmp_path / "crashed")
    crashed.train(stop_after=3)
    state = (tmp_path / "crashed" / "state.pt").read_bytes()
    small_run(corpus, tmp_path / "crashed").train(stop_after=9)
    # As if the process had died before it could save again: the log has steps that the state has not.
    (tmp_path / "crashed" / "state.pt").write_bytes(state)

    again = small_run(corpus, tmp_path / "crashed")
    assert again.step == 3
    again.train()

    resumed = weights(again)
    assert all(torch.equal(weight, resumed[name]) for name, weight in weights(whole).items())
    assert [row["step"] for row in losses(tmp_path / "crashed")] == [4, 8, 12]


def test_training_lowers_the_loss_on_text_it_has_not_seen(corpus: Path, tmp_path: Path) -> None:
    run = small_run(corpus, tmp_path, steps=80, validate_every=40, learning_rate=0.02, embedding_rate=0.01)
    before = run.validation_loss()
    run.train()

    assert run.validation_loss() < before - 1.5


def test_the_number_of_workers_changes_nothing_but_rounding(corpus: Path, tmp_path: Path) -> None:
    two = small_run(corpus, tmp_path / "two", steps=3)
    two.train()
    one = Run(corpus, tmp_path / "one", small_settings(steps=3), threads=1)
    one.train()

    for name, weight in weights(two).items():
        torch.testing.assert_close(weights(one)[name], weight, atol=2e-4, rtol=1e-3)


def test_an_interrupt_saves_and_stops(corpus: Path, tmp_path: Path) -> None:
    run = small_run(corpus, tmp_path, steps=100_000)
    before = signal.getsignal(signal.SIGINT)
    sent = threading.Event()

    def interrupt(_: object) -> None:
        if not sent.is_set():
            sent.set()
            os.kill(os.getpid(), signal.SIGINT)

    assert not run.train(interrupt)
    assert run.step == 1
    assert small_run(corpus, tmp_path, steps=100_000).step == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_minutes_fit_the_decay_to_the_clock(corpus: Path, tmp_path: Path) -> None:
    run = small_run(corpus, tmp_path, minutes=0.02, validate_every=1000)
    assert run.train()

    start, steps = run.schedule.decay_start, run.schedule.steps
    assert start is not None
    assert steps is not None
    assert 0 < start < steps == run.step
    # What the clock decided, said beforehand, gives the same weights.
    repeated = small_run(corpus, tmp_path / "again", steps=steps, decay_start=start, validate_every=1000)
    repeated.train()
    assert all(torch.equal(weight, weights(repeated)[name]) for name, weight in weights(run).items())


def test_other_settings_are_refused_and_named(corpus: Path, tmp_path: Path) -> None:
    small_run(corpus, tmp_path).train(stop_after=1)

    with pytest.raises(InputError, match="had another seed, batch"):
        small_run(corpus, tmp_path, seed=1, batch=2)


def test_more_minutes_may_be_given_until_the_decay(corpus: Path, tmp_path: Path) -> None:
    small_run(corpus, tmp_path, minutes=5).train(stop_after=1)

    assert small_run(corpus, tmp_path, minutes=9).schedule.minutes == 9


def test_a_damaged_state_is_refused(corpus: Path, tmp_path: Path) -> None:
    small_run(corpus, tmp_path).train(stop_after=1)
    state = tmp_path / "state.pt"
    state.write_bytes(state.read_bytes()[:1000])

    with pytest.raises(InputError, match="is damaged"):
        small_run(corpus, tmp_path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps": 3, "minutes": 1}, "either --steps or --minutes"),
        ({"steps": None}, "either --steps or --minutes"),
        ({"steps": 0}, "greater than zero"),
        ({"minutes": -1}, "greater than zero"),
        ({"batch": 0}, "greater than zero"),
        ({"threads": 3}, "shared out among 3"),
    ],
)
def test_settings_without_sense_are_refused(
    corpus: Path, tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    threads = int(str(changes.pop("threads", 2)))
    values = {"steps": 12, **changes} if "minutes" not in changes else changes
    with pytest.raises(InputError, match=sentence):
        Run(corpus, tmp_path, small_settings(**values), threads=threads)


def test_a_vocabulary_larger_than_the_model_is_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has 3.. tokens, the model 100"):
        small_run(corpus, tmp_path, shape=replace(SHAPE, vocab_size=100))
