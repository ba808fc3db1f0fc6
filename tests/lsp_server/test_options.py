import dataclasses
from typing import Any

import pytest

from lsp_server.options import Options, read_options


def test_nothing_gives_the_defaults() -> None:
    assert read_options(None) == (Options(), None)
    assert read_options({}) == (Options(), None)


def test_camel_case_keys() -> None:
    raw = {"model": {"name": "tiny", "unloadAfterMinutes": 5}, "files": {"disabledGlobs": ["*.md"]}}
    options, message = read_options(raw)
    assert message is None
    assert options.model.name == "tiny"
    assert options.model.unload_after_minutes == 5
    assert options.files.disabled_globs == ("*.md",)


@pytest.mark.parametrize(
    ("raw", "key", "default"),
    [
        ({"completion": {"budgetMs": "fast"}}, "completion.budgetMs", "1500"),
        ({"completion": {"budgetMs": -1}}, "completion.budgetMs", "1500"),
        ({"completion": {"budgetMs": True}}, "completion.budgetMs", "1500"),
        ({"model": {"device": "tpu"}}, "model.device", "'auto'"),
        ({"enabled": 1}, "enabled", "on"),
        ({"files": {"disabledGlobs": "*.md"}}, "files.disabledGlobs", "()"),
        ({"model": 3}, "model", "defaults"),
        ([], "the settings", "defaults"),
        ({"modle": {}}, "modle", "unknown"),
    ],
)
def test_a_bad_value_is_named_with_the_default_used(raw: Any, key: str, default: str) -> None:
    options, message = read_options(raw)
    assert options == Options()
    assert message is not None
    assert key in message
    assert default in message


def test_one_message_for_all_bad_values_and_the_good_ones_count() -> None:
    options, message = read_options(
        {"completion": {"maxLines": 0, "candidates": 2}, "model": {"threads": "x"}}
    )
    assert options.completion.candidates == 2
    assert message is not None
    assert "maxLines" in message
    assert "threads" in message


def test_every_setting_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Options().enabled = False  # type: ignore[misc]
