"""From a package to examples that are laid out as the runtime asks."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from random_decoder import SAMPLE
from wheels import write_wheel

from export.adaptation.cutting import Cut
from export.adaptation.prepare import Serving, make_example, open_serving, prepare
from export.adaptation.prepared import load_prepared
from export.adaptation.store import load_labels
from export.corpus import registries
from runtime.errors import InputError, UsageError

MASK_TOKEN = "<|mask|>"


def module(name: str) -> str:
    functions = [
        f"def {name}_{number}(first, second):\n"
        f"    result = first + {number}\n"
        f"    for item in second:\n        result += item * {number}\n"
        f"    return result\n"
        for number in range(16)
    ]
    return "\n\n".join(functions)


@pytest.fixture(scope="module")
def serving(tiny_model: Path) -> Serving:
    return open_serving(tiny_model, MASK_TOKEN)


def make(serving: Serving, text: str, hole: Cut) -> tuple[str, str, list[int]]:
    """Text of the prompt, text of the span, and the tokens that end it."""
    found = make_example(text, hole, "python", serving, np.random.default_rng(0))
    assert found is not None
    ends = serving.ends["chat" if hole.kind == "body" else "fim"]
    span = found.span.tolist()
    assert tuple(span[-len(ends) :]) == ends
    decode = serving.tokenizer.decode
    return decode(found.prompt.tolist()), decode(span[: -len(ends)]), span


def test_the_span_goes_on_where_the_prompt_stops(serving: Serving) -> None:
    start = SAMPLE.index("item in items")
    prompt, span, _ = make(serving, SAMPLE, Cut("line", start, SAMPLE.index("\n", start)))
    assert span.endswith("item in items:")
    healed = span.removesuffix("item in items:")
    # Suffix first, then the prefix less its last token, which the span writes again.
    assert (prompt + healed).endswith(SAMPLE[:start][-20:])
    assert "result += item" in prompt


def test_a_body_is_asked_for_as_the_runtime_asks(serving: Serving) -> None:
    start = SAMPLE.index("    result = 0.0")
    end = SAMPLE.index("return result") + len("return result")
    prompt, span, _ = make(serving, SAMPLE, Cut("body", start, end))
    assert "Write the body of" in prompt
    assert span == SAMPLE[start:end]


def test_packages_become_examples(tiny_model: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    listed = []
    for name, split in (("seen", "train"), ("unseen", "validation")):
        wheel = write_wheel(index, name, {f"{name}/{part}.py": module(f"{name}_{part}") for part in "ab"})
        package = registries.describe(wheel, "pypi")
        assert package is not None
        listed.append(replace(package, split=split))
    out = tmp_path / "examples"

    said = prepare(listed, index, tiny_model, [], out, lambda _: None, limit=60, mask_token=MASK_TOKEN)

    found = load_prepared(out)
    assert said["train"]["examples"] == len(found.train) == len(load_labels(out, "train"))  # type: ignore[index]
    assert 5 < len(found.train) <= 30  # half of the limit is for Python
    assert {language for _, language in load_labels(out, "train")} == {"python"}
    assert found.mask == json.loads((out / "examples.json").read_text())["mask"]
    assert found.end_ids >= {int(found.train[0].span[-1])}
    assert len(set(found.shortlist.tolist())) == len(found.shortlist)
    again = tmp_path / "again"
    prepare(listed, index, tiny_model, [], again, lambda _: None, limit=60, mask_token=MASK_TOKEN)
    assert np.array_equal(load_prepared(again).train.tokens, found.train.tokens)


def test_a_mask_token_must_exist(tiny_model: Path) -> None:
    with pytest.raises(UsageError, match="no token <nothing>"):
        open_serving(tiny_model, "<nothing>")


def test_a_folder_that_nothing_was_prepared_in(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="prepare"):
        load_prepared(tmp_path)
