"""The evaluator: the spans it chooses, and what it counts as right."""

from pathlib import Path

import numpy as np
import pytest
from corpora import SHAPE, small_run

from export.training import evaluate as evaluation
from export.training.batches import Split, load_split
from export.training.model import Denoiser
from export.training.vocabulary import load_tokenizer, token_ids
from runtime.errors import InputError


def test_spans_are_whole_lines_with_their_surroundings(corpus: Path) -> None:
    tokenizer = load_tokenizer(corpus / "tokenizer.json")
    ids = token_ids(tokenizer)
    split = load_split(corpus, "validation")
    text = tokenizer.decode(split.tokens.tolist())

    for lines in ((1, 1), (2, 4)):
        for span in evaluation.choose_spans(split, ids, count=20, lines=lines, seed=0):
            assert span.prefix[-1] == ids.newline
            assert span.suffix[0] == ids.newline
            assert tokenizer.decode([*span.prefix, *span.truth, *span.suffix]) in text
            assert lines[0] <= span.truth.count(ids.newline) + 1 <= lines[1]
            assert tokenizer.decode(span.truth).strip()


def test_a_perfect_answer_and_a_wrong_one_are_told_apart(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = load_tokenizer(corpus / "tokenizer.json")
    ids = token_ids(tokenizer)
    spans = evaluation.choose_spans(load_split(corpus, "validation"), ids, count=4, lines=(1, 1), seed=0)

    def answer(_: object, holes: list[evaluation.Hole], *__: object, **___: object) -> None:
        for hole, span in zip(holes, spans, strict=True):
            hole.canvas = list(span.truth)
        holes[0].canvas[-1] = ids.expand
        holes[1].canvas = [*holes[1].canvas, ids.newline]

    monkeypatch.setattr(evaluation, "fill", answer)
    score = evaluation.score(Denoiser(SHAPE), tokenizer, ids, spans, start=None)

    assert score.exact_match == 0.5
    assert score.right_length == 0.75
    assert score.token_accuracy == pytest.approx(1 - 1 / sum(len(span.truth) for span in spans), abs=1e-4)


def test_a_model_that_learned_the_text_fills_it(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small windows and few spans: what is tested is that learning shows.
    monkeypatch.setattr(evaluation, "WINDOW_TOKENS", 64)
    untrained, trained = tmp_path / "untrained", tmp_path / "trained"
    small_run(corpus, untrained, steps=1).train()
    learning = {"steps": 120, "learning_rate": 0.03, "embedding_rate": 0.02, "validate_every": 1000}
    small_run(corpus, trained, **learning).train()

    before, after = (
        evaluation.evaluate(folder / "checkpoint", corpus, spans=6, seed=0) for folder in (untrained, trained)
    )

    assert set(after) == {"one_line", "few_lines"}
    assert set(after["one_line"]) == {"known_length", "from_4_masks", "from_16_masks"}
    known = after["one_line"]["known_length"]
    assert known["token_accuracy"] > before["one_line"]["known_length"]["token_accuracy"] + 0.3
    assert known["right_length"] == 1
    assert known["mean_passes"] == known["mean_tokens"]
    assert after["one_line"]["from_4_masks"]["token_accuracy"] is None


def test_a_corpus_without_such_spans_is_refused(corpus: Path) -> None:
    ids = token_ids(load_tokenizer(corpus / "tokenizer.json"))
    blank = Split(np.full(400, ids.newline, np.uint16), np.array([0, 400]))

    with pytest.raises(InputError, match="only 0 spans of 1 to 1 lines, not 5"):
        evaluation.choose_spans(blank, ids, count=5, lines=(1, 1), seed=0)
