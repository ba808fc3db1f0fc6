"""Batches: the step's number alone decides what is in one."""

from pathlib import Path

import numpy as np
import pytest

from export.training.batches import Batches, load_split, save_split
from export.training.vocabulary import load_tokenizer, token_ids
from runtime.errors import InputError


def batches(corpus: Path, *, seed: int = 0) -> Batches:
    ids = token_ids(load_tokenizer(corpus / "tokenizer.json"))
    return Batches(load_split(corpus, "train"), ids, window=64, batch=4, seed=seed)


def test_a_step_has_the_same_batch_in_any_order(corpus: Path) -> None:
    forward = batches(corpus)
    first = [forward.batch(step) for step in range(6)]
    backward = batches(corpus)

    for step in reversed(range(6)):
        inputs, targets = backward.batch(step)
        assert (inputs == first[step][0]).all()
        assert (targets == first[step][1]).all()


def test_steps_and_seeds_differ(corpus: Path) -> None:
    one = batches(corpus)

    assert (one.batch(0)[0] != one.batch(1)[0]).any()
    assert (one.batch(0)[0] != batches(corpus, seed=1).batch(0)[0]).any()


def test_an_epoch_visits_each_window_once_from_one_file_only(tmp_path: Path, corpus: Path) -> None:
    # Each file is one token repeated, so a window tells its file, and a window of two files would show.
    files = [np.full(length, 10 + number, np.uint16) for number, length in enumerate((128, 700, 200, 100))]
    save_split(tmp_path, "train", files)
    ids = token_ids(load_tokenizer(corpus / "tokenizer.json"))
    source = Batches(load_split(tmp_path, "train"), ids, window=64, batch=1, seed=3)
    seen = []
    for step in range(source.windows):
        inputs, _ = source.batch(step)
        shown = set(inputs[inputs != ids.mask].tolist())
        assert len(shown) <= 1
        seen += shown

    assert source.windows == 2 + 10 + 3
    # The last file is too short for a window; a window that is all masks shows nothing.
    assert set(seen) == {10, 11, 12}
    assert seen.count(11) <= 10


def test_a_corpus_of_short_files_is_refused(tmp_path: Path, corpus: Path) -> None:
    save_split(tmp_path, "train", [np.full(20, 5, np.uint16)])
    ids = token_ids(load_tokenizer(corpus / "tokenizer.json"))

    with pytest.raises(InputError, match="No file of the corpus has the 128 tokens"):
        Batches(load_split(tmp_path, "train"), ids, window=64, batch=1, seed=0)


def test_a_missing_or_damaged_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no readable train part .* `python -m export.training prepare`"):
        load_split(tmp_path, "train")
    save_split(tmp_path, "train", [np.full(20, 5, np.uint16)])
    np.save(tmp_path / "train.starts.npy", np.array([0, 19]))
    with pytest.raises(InputError, match="damaged"):
        load_split(tmp_path, "train")
