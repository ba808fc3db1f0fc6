"""The learning rate over a run."""

import pytest

from export.training.schedule import Schedule


def test_warm_up_plateau_decay() -> None:
    schedule = Schedule(warmup_steps=10, steps=100)

    assert schedule.factor(0) == pytest.approx(0.1)
    assert schedule.factor(9) == schedule.factor(69) == 1
    assert schedule.factor(85) == pytest.approx(0.5)
    assert 0 < schedule.factor(99) < 0.05
    assert not schedule.ended(99)
    assert schedule.ended(100)


def test_the_clock_starts_the_decay_and_the_pace_gives_its_length() -> None:
    schedule = Schedule(warmup_steps=1, minutes=10)
    schedule.look_at_clock(200, 419.0)
    assert schedule.steps is None
    assert schedule.factor(200) == 1

    schedule.look_at_clock(210, 420.0)

    assert schedule.decay_start == 210
    assert schedule.steps == 210 + 90
    # Later looks change nothing: the rest of the run no longer depends on the clock.
    schedule.look_at_clock(250, 599.0)
    assert schedule.steps == 300


def test_the_pace_is_that_of_the_last_steps() -> None:
    schedule = Schedule(warmup_steps=1, minutes=10)
    # Slow at first, two steps a second at last.
    for step in range(1, 101):
        schedule.look_at_clock(step, step * 3.0)
    for step in range(101, 341):
        schedule.look_at_clock(step, 300 + (step - 100) * 0.5)

    assert schedule.decay_start == 340
    assert schedule.steps == 340 + 360


def test_time_lost_before_the_decay_shortens_it() -> None:
    schedule = Schedule(warmup_steps=1, minutes=10)
    schedule.look_at_clock(100, 590.0)

    assert schedule.decay_start == 100
    assert schedule.steps == 102


def test_a_decay_that_is_given_is_kept() -> None:
    schedule = Schedule(warmup_steps=1, steps=300, decay_start=210)

    assert schedule.factor(209) == 1
    assert schedule.factor(255) == pytest.approx(0.5)
