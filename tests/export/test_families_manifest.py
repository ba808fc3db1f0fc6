"""What each family writes into the manifest, and which answers its head has."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from checkpoint_maker import make_checkpoint
from checkpoint_recipes import FAMILIES
from family_models import FamilyModel, kept_ids, quiet

from export.checkpoints import open_checkpoint
from export.convert import convert_checkpoint
from export.families import find_family, read_denoiser
from runtime.manifest import Manifest
from runtime.request import FillRequest
from runtime.samplers.masked.registry import MASKED_SAMPLERS
from runtime.samplers.masked.settings import complete
from runtime.span_prompt import SpanPrompt, build_span_prompt
from runtime.tokenizer import Tokenizer

Models = Callable[[str], FamilyModel]

KINDS = {
    "dream": ("dream", "bidirectional", True, None),
    "diffucoder": ("dream", "bidirectional", True, None),
    "dreamon": ("dreamon", "bidirectional", True, None),
    "open-dcoder": ("open-dcoder", "bidirectional", True, None),
    "a2d-qwen2-mdlm": ("a2d-qwen2-mdlm", "bidirectional", False, None),
    "a2d-qwen2-bd3lm": ("a2d-qwen2-bd3lm", "block_causal", False, 32),
    "fast-dllm-v2": ("fast-dllm-v2", "block_causal", True, 32),
    "qwen2": ("qwen2", "hybrid", True, None),
    "a2d-qwen3-mdlm": ("a2d-qwen3-mdlm", "bidirectional", False, None),
    "a2d-qwen3-bd3lm": ("a2d-qwen3-bd3lm", "block_causal", False, 32),
    "sdar": ("sdar", "block_causal", False, 4),
    "coda": ("coda", "bidirectional", True, None),
    "llada": ("llada", "bidirectional", False, None),
    "stable-diffcoder": ("stable-diffcoder", "block_causal", False, 4),
}
"""Family, kind, shift and block length of each published layout."""

MASKS = {
    "dream": "<|mask|>",
    "diffucoder": "<|mask|>",
    "dreamon": "<|mask|>",
    "open-dcoder": "<M>",
    "a2d-qwen2-mdlm": "<|mask|>",
    "a2d-qwen2-bd3lm": "<|mask|>",
    "fast-dllm-v2": "|<MASK>|",
    "a2d-qwen3-mdlm": "<|mask|>",
    "a2d-qwen3-bd3lm": "<|mask|>",
    "sdar": "<|MASK|>",
    "coda": "<|mask|>",
    "llada": "<|mdm_mask|>",
    "stable-diffcoder": "<[MASK_TOKEN]>",
}

ENDS = {
    "dream": {"<|endoftext|>", "<|im_end|>"},
    "diffucoder": {"<|endoftext|>", "<|im_end|>", "<|dlm_pad|>"},
    "dreamon": {"<|endoftext|>", "<|im_end|>"},
    "open-dcoder": {"<|endoftext|>", "<|im_end|>"},
    "a2d-qwen2-mdlm": {"<|endoftext|>", "<|im_end|>"},
    "a2d-qwen2-bd3lm": {"<|endoftext|>", "<|im_end|>"},
    "fast-dllm-v2": {"<|endoftext|>", "<|im_end|>"},
    "a2d-qwen3-mdlm": {"<|endoftext|>", "<|im_end|>"},
    "a2d-qwen3-bd3lm": {"<|endoftext|>", "<|im_end|>"},
    "sdar": {"<|endoftext|>", "<|im_end|>"},
    "coda": {"<|endoftext|>", "<|im_end|>"},
    "llada": {"<|endoftext|>", "<|eot_id|>"},
    "stable-diffcoder": {"<[end▁of▁sentence]>"},
}

REQUEST = FillRequest(
    prefix="def total(items):\n", suffix="\n    return result", language="python", max_tokens=8
)


def token(model: FamilyModel, name: str) -> int:
    index = model.checkpoint.tokenizer.token_to_id(name)
    assert index is not None
    return int(index)


def prompt(model: FamilyModel, layout: str) -> SpanPrompt:
    request = FillRequest(
        prefix=REQUEST.prefix,
        suffix=REQUEST.suffix,
        language="python",
        instruction="Sum them.",
        max_tokens=8,
        layout=layout,
    )
    tokenizer = Tokenizer(model.folder("none") / "tokenizer.json")
    return build_span_prompt(model.manifest, tokenizer, request, slots=8)


def spelled(model: FamilyModel, ids: tuple[int, ...]) -> str:
    """The prompt as text, special tokens by name."""
    text: str = model.checkpoint.tokenizer.decode(list(ids), skip_special_tokens=False)
    return text


@pytest.mark.parametrize("name", FAMILIES)
def test_kind(family_model: Models, name: str) -> None:
    manifest = family_model(name).manifest
    found = manifest.family, manifest.kind, manifest.shift, manifest.block_length
    assert found == KINDS[name]
    assert manifest.context_length == 512
    assert manifest.source.repository == family_model(name).checkpoint.source.repository


@pytest.mark.parametrize("name", MASKS)
def test_tokens(family_model: Models, name: str) -> None:
    model = family_model(name)
    tokens = model.manifest.tokens
    assert tokens.mask == token(model, MASKS[name])
    assert set(tokens.eos) == {token(model, end) for end in ENDS[name]}
    if name != "dreamon":
        assert tokens.expand is None
        assert tokens.delete is None


def test_dreamon_deletes_with_its_end_unless_told_otherwise(family_model: Models, tmp_path: Path) -> None:
    model = family_model("dreamon")
    assert model.manifest.tokens.expand == token(model, "<|expand|>")
    assert model.manifest.tokens.delete == token(model, "<|endoftext|>")
    checkpoint = open_checkpoint(make_checkpoint(tmp_path, "dreamon", delete_token_id=411), progress=quiet)
    assert find_family(checkpoint).read(checkpoint).tokens.delete == 411


def test_a_masked_model_may_declare_that_it_learnt_its_length(tmp_path: Path) -> None:
    path = make_checkpoint(tmp_path, "a2d-qwen3-mdlm", expand_token_id=405, delete_token_id=400)
    denoiser = read_denoiser(open_checkpoint(path, progress=quiet))
    assert (denoiser.tokens.expand, denoiser.tokens.delete) == (405, 400)
    assert denoiser.unanswerable.isdisjoint({405, 400})


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("vocabulary", ["full", "ascii"])
def test_no_answer_is_a_mask(family_model: Models, tmp_path: Path, name: str, vocabulary: str) -> None:
    model = family_model(name)
    manifest = convert_checkpoint(
        model.checkpoint,
        tmp_path / "out",
        name="tiny",
        quantization="none",
        vocabulary=vocabulary,
        progress=quiet,
    )
    kept = set(kept_ids(tmp_path / "out").tolist())
    assert manifest.graph.vocabulary_size == len(kept)
    tokens = manifest.tokens
    assert tokens.mask not in kept
    assert set(tokens.eos) <= kept
    assert {tokens.expand, tokens.delete} - {None} <= kept
    assert max(kept) < model.checkpoint.tokenizer.get_vocab_size(), (
        "rows that pad the embedding are no tokens"
    )
    beginning = model.checkpoint.special.get("bos_token")
    if beginning and beginning not in ENDS[name]:
        assert token(model, beginning) not in kept


FIM = {
    "dream": (f"<|beginoftext|>{REQUEST.prefix}", f"{REQUEST.suffix}<|endoftext|>"),
    "diffucoder": (REQUEST.prefix, f"{REQUEST.suffix}<|endoftext|>"),
    "dreamon": (f"<|beginoftext|>{REQUEST.prefix}", f"{REQUEST.suffix}<|endoftext|>"),
    "open-dcoder": (REQUEST.prefix, REQUEST.suffix),
    "a2d-qwen2-mdlm": (REQUEST.prefix, REQUEST.suffix),
    "coda": (REQUEST.prefix, REQUEST.suffix),
    "llada": (f"<|startoftext|>{REQUEST.prefix}", f"{REQUEST.suffix}<|endoftext|>"),
    "fast-dllm-v2": (
        f"<|fim_prefix|><|fim_suffix|>{REQUEST.suffix}<|fim_middle|>{REQUEST.prefix}",
        "",
    ),
    "sdar": (f"<|fim_prefix|><|fim_suffix|>{REQUEST.suffix}<|fim_middle|>{REQUEST.prefix}", ""),
    "stable-diffcoder": (
        f"<[begin▁of▁sentence]><[fim-suffix]>{REQUEST.suffix}<[fim-prefix]>{REQUEST.prefix}<[fim-middle]>",
        "",
    ),
}


@pytest.mark.parametrize("name", FIM)
def test_infilling_layout(family_model: Models, name: str) -> None:
    model = family_model(name)
    laid_out = prompt(model, "fim")
    assert (spelled(model, laid_out.before), spelled(model, laid_out.after)) == FIM[name]


CHAT = {
    "dream": (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nSum them.<|im_end|>\n"
        f"<|im_start|>assistant\n```python\n{REQUEST.prefix}",
        f"{REQUEST.suffix}\n```<|im_end|>",
    ),
    "a2d-qwen3-mdlm": (
        "<|im_start|>user\nSum them.<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
        f"```python\n{REQUEST.prefix}",
        f"{REQUEST.suffix}\n```<|im_end|>",
    ),
    "sdar": (
        f"<|im_start|>user\nSum them.<|im_end|>\n<|im_start|>assistant\n```python\n{REQUEST.prefix}",
        "",
    ),
    "llada": (
        "<|startoftext|><|start_header_id|>user<|end_header_id|>\n\nSum them.<|eot_id|>"
        f"<|start_header_id|>assistant<|end_header_id|>\n\n```python\n{REQUEST.prefix}",
        f"{REQUEST.suffix}\n```<|eot_id|>",
    ),
    "stable-diffcoder": (
        "<[begin▁of▁sentence]>user\nSum them.<[end▁of▁sentence]><[begin▁of▁sentence]>assistant\n"
        f"```python\n{REQUEST.prefix}",
        "",
    ),
}


@pytest.mark.parametrize("name", CHAT)
def test_chat_layout(family_model: Models, name: str) -> None:
    model = family_model(name)
    laid_out = prompt(model, "chat")
    assert (spelled(model, laid_out.before), spelled(model, laid_out.after)) == CHAT[name]


def test_a_base_model_does_not_chat(family_model: Models, tmp_path: Path) -> None:
    assert "chat" not in family_model("dreamon").manifest.layouts
    checkpoint = open_checkpoint(make_checkpoint(tmp_path, "llada", folder="LLaDA-8B-Base"), progress=quiet)
    assert "chat" not in find_family(checkpoint).read(checkpoint).layouts


def test_a_block_causal_model_without_infilling_tokens_sees_no_suffix(tmp_path: Path) -> None:
    lack = tuple(f"<|fim_{name}|>" for name in ("prefix", "middle", "suffix", "pad"))
    checkpoint = open_checkpoint(make_checkpoint(tmp_path, "sdar", lack=lack), progress=quiet)
    layouts = find_family(checkpoint).read(checkpoint).layouts
    assert "fim" not in layouts
    assert [piece.slot for piece in layouts["plain"]] == ["prefix", "span"]


@pytest.mark.parametrize("name", MASKS)
def test_default_sampler_can_be_made(family_model: Models, name: str) -> None:
    sampler = family_model(name).manifest.sampler
    # How many slots are denoised together is every sampler's to know, and the filler's to read.
    settings = {name: value for name, value in sampler.settings.items() if name != "block_slots"}
    assert complete(sampler.name, MASKED_SAMPLERS[sampler.name].SETTINGS, settings)


@pytest.mark.parametrize(
    ("folder", "config", "length"),
    [("SDAR-8B-Chat-b32", {"drop": ("block_size",)}, 32), ("SDAR-8B-Chat", {"block_size": 16}, 16)],
)
def test_block_length_of_sdar(tmp_path: Path, folder: str, config: dict[str, object], length: int) -> None:
    checkpoint = open_checkpoint(
        make_checkpoint(tmp_path, "sdar", folder=folder, **config),  # type: ignore[arg-type]
        progress=quiet,
    )
    assert find_family(checkpoint).read(checkpoint).block_length == length


def test_sdar_as_it_was_released_without_settings(tmp_path: Path) -> None:
    """Neither mask nor block length in config.json, and a declared mask token that isn't in the tokenizer."""
    path = make_checkpoint(tmp_path, "sdar", drop=("mask_token_id", "block_size", "mask_token"))
    checkpoint = open_checkpoint(path, progress=quiet)
    denoiser = find_family(checkpoint).read(checkpoint)
    assert denoiser.block_length == 4
    assert denoiser.tokens.mask == checkpoint.tokenizer.token_to_id("<|MASK|>")


@pytest.mark.parametrize(
    ("folder", "context"), [("Dream-v0-Instruct-7B", 2048), ("Dream-Coder-v0-Instruct-7B", 131_072)]
)
def test_context_of_dream(tmp_path: Path, folder: str, context: int) -> None:
    """Its config.json keeps Qwen2.5's context, which it was not trained for."""
    path = make_checkpoint(tmp_path, "dream", folder=folder, max_position_embeddings=131_072)
    denoiser = read_denoiser(open_checkpoint(path, progress=quiet))
    assert denoiser.weights.config.context_length == context


def test_an_override_reads_the_same_tensors_otherwise(family_model: Models) -> None:
    checkpoint = family_model("open-dcoder").checkpoint
    assert find_family(checkpoint).name == "open-dcoder"
    assert find_family(checkpoint, "qwen2").read(checkpoint).kind == "hybrid"
    with_block = family_model("a2d-qwen2-mdlm").checkpoint
    assert find_family(with_block, "a2d-qwen2-bd3lm").read(with_block).block_length == 32


def test_markers_of_a_tokenizer_become_special(family_model: Models) -> None:
    """Published tokenizers flag `<|fim_prefix|>` as text: a file that mentions it would steer the model."""
    model = family_model("fast-dllm-v2")
    marker = token(model, "<|fim_prefix|>")
    assert not model.checkpoint.tokenizer.get_added_tokens_decoder()[marker].special
    tokenizer = Tokenizer(model.folder("none") / "tokenizer.json")
    assert marker not in tokenizer.encode("x = '<|fim_prefix|>'")
    assert tokenizer.token_bytes(marker) == b""
    assert tokenizer.decode(tokenizer.encode("x = '<|fim_prefix|>'")) == "x = '<|fim_prefix|>'"


def test_the_causal_base_ends_at_anything_that_is_no_text(family_model: Models) -> None:
    model = family_model("qwen2")
    manifest: Manifest = model.manifest
    special = np.array(
        [token(model, "<|endoftext|>"), token(model, "<|fim_prefix|>"), token(model, "<|file_sep|>")]
    )
    assert set(special.tolist()) <= set(manifest.tokens.eos)
    assert list(manifest.layouts) == ["fim", "chat", "plain"]
    assert manifest.tokens.mask is None
