from pathlib import Path
from typing import Any

import pytest

from benchmarks.cost_model import (
    CONTEXT,
    GPUS,
    Machine,
    as_fp16,
    operations,
    pass_ms,
    shapes,
    tables,
    traffic,
    turn,
)
from benchmarks.performance_doc import DOCUMENT, measured_tables, replaced
from runtime.errors import InputError

WIDTH, FFN, QUERY, KEY, LAYERS, VOCABULARY = 64, 128, 64, 32, 2, 512
"""Of the tiny decoder (tests/random_decoder.py)."""


def case(name: str, ours: float, peer: float | None = None, unit: str = "ms") -> dict[str, Any]:
    ratio = None if peer is None else ours / peer
    return {"name": name, "unit": unit, "ours": ours, "peer": peer, "ratio": ratio}


def report(*cases: dict[str, Any], peer: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"machine": {"cpu": "a", "cores": 2}, "peer": peer, "cases": list(cases)}


def test_weights_are_counted_from_the_graph(tiny_model: Path) -> None:
    model = shapes(tiny_model)
    layer = WIDTH * (QUERY + 2 * KEY) + QUERY * WIDTH + WIDTH * 2 * FFN + FFN * WIDTH
    assert model.weights == LAYERS * layer
    assert model.weights < model.weight_bytes < 1.2 * model.weights  # int8, and scales
    assert 0 < model.head_weights <= VOCABULARY * WIDTH
    assert model.head_weights % WIDTH == 0
    assert model.row_bytes == 2 * LAYERS * KEY * 4
    assert model.attention_width == 2 * LAYERS * QUERY
    assert model.full_head_weights == VOCABULARY * WIDTH


@pytest.mark.parametrize(("quantization", "low", "high"), [("none", 4.0, 4.1), ("int4", 0.5, 1.1)])
def test_bytes_follow_the_type_of_the_weights(
    make_tiny_model: Any, quantization: str, low: float, high: float
) -> None:
    model = shapes(make_tiny_model(quantization))
    assert model.weights == shapes(make_tiny_model("int8")).weights
    assert low <= model.weight_bytes / model.weights <= high


def test_a_pass_grows_with_its_tokens_and_what_they_see(tiny_model: Path) -> None:
    model = shapes(tiny_model)
    assert operations(model, 1, 0) == 2 * (model.weights + model.head_weights + model.attention_width)
    assert operations(model, 4, 0) > 4 * operations(model, 1, 0)
    further = operations(model, 3, 10) - operations(model, 3, 0)
    assert further == 2 * model.attention_width * 30
    saved = operations(model, 8, 0) - operations(model, 8, 0, predicted=1)
    assert saved == 2 * 7 * model.head_weights
    assert traffic(model, 5, 100) - traffic(model, 1, 100) == 4 * model.row_bytes


def test_it_turns_where_arithmetic_takes_as_long_as_memory(tiny_model: Path) -> None:
    model = shapes(tiny_model)
    machine = Machine("m", 0.1, 10, "")
    width = turn(model, machine, CONTEXT)
    assert width > 1
    memory = traffic(model, width - 1, CONTEXT) / 10e9
    assert operations(model, width - 1, CONTEXT) / 0.1e12 < memory
    assert operations(model, width, CONTEXT) / 0.1e12 >= traffic(model, width, CONTEXT) / 10e9
    assert pass_ms(model, machine, width - 1, CONTEXT) == pytest.approx(memory * 1e3)
    assert as_fp16(model).weight_bytes == 2 * model.weights


def test_tables_take_the_place_of_those_before() -> None:
    text = "a\n<!-- table: x -->\nold\n<!-- end: x -->\nb\n<!-- table: y -->\nkept\n<!-- end: y -->\n"
    again = replaced(text, {"x": ["new", "lines"]})
    assert again == text.replace("old", "new\nlines")
    assert replaced(again, {"x": ["new", "lines"]}) == again
    with pytest.raises(InputError, match="table: z"):
        replaced(text, {"z": []})


def test_a_report_gives_its_tables(tiny_model: Path) -> None:
    model = shapes(tiny_model)
    peer = {"name": "llama.cpp"}
    cases = [case("pass of 2 tokens", 2.0), case("prefill of 64 tokens", 640.0, 320.0, "tokens/s")]
    made = measured_tables(report(*cases, case("typing: errors", 0, unit=""), peer=peer), model)
    assert set(made) == {"machine", "engine", "typing", "points"}
    assert "| prefill of 64 tokens | 640 |  | tokens/s | 320 | 2.00 |" in made["engine"]
    points = [line.split("|")[2].strip() for line in made["points"][2:]]
    assert points == ["2", "100"]
    alone = measured_tables(report(case("pass of 2 tokens", 2.0)), model)
    assert "llama.cpp" not in "".join(alone["engine"])


def test_the_document_has_a_place_for_every_table(tiny_model: Path) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    names = ("server start to initialize answered", "typing: errors", "pass of 2 tokens")
    made = measured_tables(
        report(*(case(name, 1.0) for name in names), peer={"name": "p"}), shapes(tiny_model)
    )
    replaced(text, {**tables(tiny_model), **made})
    assert all(gpu.name in text for gpu in GPUS)


@pytest.mark.real_model
def test_the_document_says_what_the_model_is(default_model: Path) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert replaced(text, tables(default_model)) == text
