import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fixtures_tiny import TinyModel
from random_decoder import CONFIG

from runtime.errors import FillCancelled, ModelFileError, UsageError
from runtime.manifest import FileRecord, load_manifest, save_manifest, sha256_of
from runtime.predictions import Predictions
from runtime.session import FIRST_CAPACITY, DenoiserSession

IDS = np.random.default_rng(2).integers(0, 400, 1600).tolist()


def same(ours: Predictions, theirs: Predictions) -> bool:
    return np.array_equal(ours.top_ids, theirs.top_ids) and np.array_equal(
        ours.top_logprobs, theirs.top_logprobs
    )


@pytest.fixture
def session(tiny_model: Path) -> DenoiserSession:
    return DenoiserSession(tiny_model, threads=1)


def test_shapes(session: DenoiserSession) -> None:
    found = session.forward(IDS[:5], skip=2)
    k = session.manifest.graph.top_k
    assert found.top_ids.shape == found.top_logprobs.shape == (3, k)
    assert found.entropy.shape == (3,)
    assert len(found) == 3
    assert (np.diff(found.top_logprobs, axis=1) <= 0).all()
    assert (found.top_logprobs < 0).all()
    assert (found.entropy > 0).all()


def test_a_pass_of_one_token_is_padded_unseen(session: DenoiserSession) -> None:
    together = session.forward(IDS[:3])
    session.advance(2)
    alone = session.forward(IDS[2:3])
    assert len(alone) == 1
    assert alone.top_ids[0].tolist() == together.top_ids[2].tolist()
    session.advance(1)
    assert session.length == 3


def test_rows_not_advanced_over_are_forgotten(session: DenoiserSession) -> None:
    session.forward(IDS[:10])
    session.advance(10)
    right = session.forward(IDS[10:14])
    session.forward([9, 9, 9, 9, 9, 9])
    assert session.length == 10
    assert same(session.forward(IDS[10:14]), right)


def test_some_rows_of_a_pass_can_be_kept(session: DenoiserSession) -> None:
    expected = session.forward(IDS[:8])
    session.forward([*IDS[:5], 9, 9, 9])
    session.advance(5)
    found = session.forward(IDS[5:8])
    assert found.top_ids.tolist() == expected.top_ids[5:].tolist()


def test_truncate(session: DenoiserSession) -> None:
    session.forward(IDS[:20])
    session.advance(20)
    right = session.forward(IDS[20:24])
    session.truncate(12)
    session.forward(IDS[12:20])
    session.advance(8)
    assert same(session.forward(IDS[20:24]), right)


@pytest.mark.parametrize("rows", [-1, 21])
def test_rows_that_were_never_written_can_not_be_kept(session: DenoiserSession, rows: int) -> None:
    session.forward(IDS[:20])
    with pytest.raises(AssertionError):
        session.advance(rows)
    with pytest.raises(AssertionError):
        session.truncate(1)


def test_rows_survive_growth(session: DenoiserSession, tiny_model: Path) -> None:
    assert len(IDS) > FIRST_CAPACITY
    rows = []
    for start in range(0, len(IDS), 300):
        rows.append(session.forward(IDS[start : start + 300]).top_logprobs)
        session.advance(len(rows[-1]))
    other = DenoiserSession(tiny_model, threads=1)
    whole = other.forward(IDS)
    np.testing.assert_array_equal(np.concatenate(rows), whole.top_logprobs)


def test_the_context_ends_with_one_clear_sentence(session: DenoiserSession) -> None:
    limit = session.context_length
    with pytest.raises(UsageError, match=r"2,049 tokens do not fit the model's context of 2,048"):
        session.forward([1] * (limit + 1))
    session.forward([1] * limit, skip=limit - 1)
    session.advance(limit)
    with pytest.raises(UsageError, match="do not fit"):
        session.forward([1])
    session.truncate(3)
    assert len(session.forward([1])) == 1


@pytest.mark.parametrize(("ids", "skip"), [([], 0), ([1, 2], 2), ([1], -1)])
def test_a_pass_predicts_something(session: DenoiserSession, ids: list[int], skip: int) -> None:
    with pytest.raises(UsageError, match="at least one token"):
        session.forward(ids, skip=skip)


def test_positions_matter_more_than_layout(session: DenoiserSession) -> None:
    plain = session.forward(IDS[:4])
    shifted = session.forward(IDS[:4], [0, 7, 9, 30])
    assert not np.array_equal(plain.top_logprobs, shifted.top_logprobs)
    np.testing.assert_array_equal(session.forward(IDS[:4], [0, 1, 2, 3]).top_logprobs, plain.top_logprobs)


def test_adapter_gate(make_tiny_model: TinyModel) -> None:
    session = DenoiserSession(make_tiny_model("int8", adapter=True), threads=1)
    closed = session.forward(IDS[:4])
    opened = session.forward(IDS[:4], gate=np.array([0, 0, 0, 1], np.float32))
    np.testing.assert_array_equal(opened.top_logprobs[:3], closed.top_logprobs[:3])
    assert not np.array_equal(opened.top_logprobs[3], closed.top_logprobs[3])


class TestTerminate:
    WIDE = 2000

    @pytest.fixture
    def session(self, make_tiny_model: TinyModel) -> DenoiserSession:
        """Of so many layers that a wide pass takes a good part of a second."""
        return DenoiserSession(make_tiny_model("int8", config=replace(CONFIG, layers=64)), threads=1)

    def test_a_running_pass_stops_from_another_thread(self, session: DenoiserSession) -> None:
        ids = (IDS * 2)[: self.WIDE]
        session.forward(IDS[:40])
        session.advance(40)
        right = session.forward(IDS[40:44])
        begun = time.perf_counter()
        session.forward(ids, skip=self.WIDE - 1)
        whole = time.perf_counter() - begun
        started, stopped = threading.Event(), threading.Event()

        def run() -> None:
            started.set()
            with pytest.raises(FillCancelled):
                session.forward(ids, skip=self.WIDE - 1)
            stopped.set()

        thread = threading.Thread(target=run)
        thread.start()
        assert started.wait(30)
        assert not stopped.wait(whole / 10)
        asked = time.perf_counter()
        session.terminate()
        assert stopped.wait(30)
        assert time.perf_counter() - asked < whole / 2
        thread.join()
        with pytest.raises(FillCancelled):
            session.forward(IDS[40:44])
        session.resume()
        assert session.length == 40
        assert same(session.forward(IDS[40:44]), right)

    def test_a_stopped_pass_leaves_no_rows_to_keep(self, session: DenoiserSession) -> None:
        session.forward(IDS[:4])
        session.terminate()
        with pytest.raises(FillCancelled):
            session.forward(IDS[4:8])
        session.resume()
        assert session.length == 0


def test_a_damaged_graph_is_one_clear_sentence(make_tiny_model: TinyModel, tmp_path: Path) -> None:
    source = make_tiny_model("int8")
    for file in source.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    graph = tmp_path / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:2000])
    manifest = load_manifest(source)
    record = FileRecord(bytes=2000, sha256=sha256_of(graph))
    save_manifest(replace(manifest, files={**manifest.files, graph.name: record}), tmp_path)
    with pytest.raises(ModelFileError, match=r"model\.onnx can't be loaded .* pull it again") as error:
        DenoiserSession(tmp_path)
    assert "\n" not in str(error.value)
