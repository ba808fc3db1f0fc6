from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fixtures_tiny import TinyModel
from graph_runner import GraphRunner
from numpy.typing import NDArray
from random_decoder import SAMPLE

from export import parity
from export.parity import LogitsGraph, parity_report, score
from runtime.errors import UsageError
from runtime.manifest import load_manifest, save_manifest
from runtime.tokenizer import Tokenizer

TEXT = SAMPLE * 6


def scores_by_hand(folder: Path, ids: list[int]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    logits = GraphRunner(folder).run(ids[:-1]).logits.astype(np.float64)
    logprobs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return logits.argmax(-1), logprobs[np.arange(len(ids) - 1), ids[1:]]


@pytest.fixture
def exact(make_tiny_model: TinyModel) -> Path:
    return make_tiny_model("none", debug_logits=True)


@pytest.fixture
def rounded(make_tiny_model: TinyModel) -> Path:
    return make_tiny_model("int8", debug_logits=True)


def test_a_graph_agrees_with_itself(exact: Path) -> None:
    report = parity_report(exact, exact, [TEXT], tokens=200)
    assert report["tokens"] == 200
    assert report["top1_agreement"] == 1.0
    assert report["loss"] == report["reference_loss"]
    assert report["loss_relative_difference"] == 0.0


def test_figures_are_those_of_the_logits(exact: Path, rounded: Path) -> None:
    ids = Tokenizer(exact / "tokenizer.json").encode(TEXT)
    middle = len(ids) // 3
    window = ids[middle : middle + 201]
    top, logprobs = scores_by_hand(rounded, window)
    exact_top, exact_logprobs = scores_by_hand(exact, window)
    report = parity_report(rounded, exact, [TEXT], tokens=200)
    assert 0.5 < report["top1_agreement"] < 1.0
    assert report["top1_agreement"] == pytest.approx((top == exact_top).mean())
    assert report["loss"] == pytest.approx(-logprobs.mean(), rel=1e-5)
    assert report["reference_loss"] == pytest.approx(-exact_logprobs.mean(), rel=1e-5)
    assert report["loss_relative_difference"] == pytest.approx(logprobs.mean() / exact_logprobs.mean() - 1)


def test_a_graph_without_debug_logits_gives_the_same(
    make_tiny_model: TinyModel, exact: Path, rounded: Path
) -> None:
    plain = make_tiny_model("int8")
    assert parity_report(plain, exact, [TEXT], tokens=100) == parity_report(
        rounded, exact, [TEXT], tokens=100
    )


def test_several_texts_fill_the_count(exact: Path) -> None:
    report = parity_report(exact, exact, [SAMPLE, "", SAMPLE, SAMPLE], tokens=250)
    assert report["tokens"] == 250


def test_texts_that_are_too_short(exact: Path) -> None:
    with pytest.raises(UsageError, match="too short to compare graphs on 2,000 tokens"):
        parity_report(exact, exact, [SAMPLE])


def test_chunks_do_not_change_the_scores(exact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = Tokenizer(exact / "tokenizer.json").encode(SAMPLE)
    whole = score(LogitsGraph(exact), [ids])
    monkeypatch.setattr(parity, "CHUNK_TOKENS", 7)
    pieces = score(LogitsGraph(exact), [ids])
    np.testing.assert_array_equal(pieces.top_ids, whole.top_ids)
    np.testing.assert_allclose(pieces.logprobs, whole.logprobs, atol=1e-4)


class TestSmallerVocabulary:
    @pytest.fixture
    def narrow(self, make_tiny_model: TinyModel) -> Path:
        return make_tiny_model("none", vocabulary="ascii", debug_logits=True)

    def test_loss_is_compared_over_the_shared_tokens(self, narrow: Path, exact: Path) -> None:
        report = parity_report(narrow, exact, [TEXT], tokens=200)
        assert report["loss"] == pytest.approx(report["reference_loss"], rel=1e-5)
        assert report["tokens_outside_vocabulary"] == 0
        # An answer that the folder can't give is a disagreement.
        assert report["top1_agreement"] < 1.0

    def test_text_outside_it_is_counted_and_left_out(self, narrow: Path, exact: Path) -> None:
        report = parity_report(narrow, exact, ["é(" * 150], tokens=100)  # é is two tokens of one byte
        assert report["tokens_outside_vocabulary"] == 67
        assert report["loss"] == pytest.approx(report["reference_loss"], rel=1e-5)

    def test_text_wholly_outside_it(self, narrow: Path, exact: Path) -> None:
        with pytest.raises(UsageError, match="No token of the texts"):
            parity_report(narrow, exact, ["é" * 150], tokens=100)

    def test_it_can_not_be_the_reference(self, narrow: Path, exact: Path) -> None:
        with pytest.raises(UsageError, match="can't be the reference"):
            parity_report(exact, narrow, [TEXT], tokens=100)


def test_the_manifest_carries_the_report(make_tiny_model: TinyModel, exact: Path, tmp_path: Path) -> None:
    report = parity_report(make_tiny_model("int8"), exact, [TEXT], tokens=100)
    save_manifest(replace(load_manifest(exact), parity=report), tmp_path)
    assert load_manifest(tmp_path).parity == report
