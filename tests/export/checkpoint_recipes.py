"""What tells each family's published checkpoints apart: tokens, configuration fields, names."""

from dataclasses import dataclass, field
from typing import Any

CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
QWEN_FIM = (
    *("<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"),
    *("<|repo_name|>", "<|file_sep|>"),
)
NOT_SPECIAL = frozenset(QWEN_FIM)
"""Added tokens that the published tokenizers don't flag as special."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one family's checkpoints differ from the others'."""

    added: tuple[str, ...]
    """Tokens behind the text's, in the order of their ids."""
    config: dict[str, Any]
    """Beyond the sizes. A value `"id:TOKEN"` becomes that token's id."""
    tokenizer: dict[str, Any]
    """tokenizer_config.json."""
    special_map: dict[str, Any] = field(default_factory=dict)
    """special_tokens_map.json, where it says something else."""
    generation: dict[str, Any] = field(default_factory=dict)
    """generation_config.json."""
    sizes: str = "qwen2"
    """`qwen2`, `qwen3`, `llama` or `llada`: the names of sizes and tensors."""
    tied: bool = False
    folder: str = "checkpoint"
    """The published repository's name, which some families are told apart by."""


_DREAM = {
    "architectures": ["DreamModel"],
    "auto_map": {"AutoConfig": "configuration_dream.DreamConfig", "AutoModel": "modeling_dream.DreamModel"},
    "model_type": "Dream",
    "bos_token_id": "id:<|endoftext|>",
    "eos_token_id": "id:<|endoftext|>",
    "pad_token_id": "id:<|endoftext|>",
    "mask_token_id": "id:<|mask|>",
    "use_mrope": False,
}
_DREAM_TOKENIZER = {
    "tokenizer_class": "DreamTokenizer",
    "bos_token": "<|beginoftext|>",
    "eos_token": "<|endoftext|>",
    "pad_token": "<|endoftext|>",
    "mask_token": "<|mask|>",
}
_DREAM_ADDED = (*CHATML, *QWEN_FIM, "<|beginoftext|>", "<|mask|>")
_INSTRUCT = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "bos_token": None}
_A2D = {"eos_token_id": "id:<|im_end|>", "pad_token_id": "id:<|endoftext|>"}
_A2D_TOKENIZER = {**_INSTRUCT, "mask_token": "<|mask|>", "tokenizer_class": "Qwen2Tokenizer"}
_A2D_QWEN2 = {"architectures": ["A2DQwen2LMHeadModel"], "model_type": "a2d-qwen2", **_A2D}
_A2D_QWEN3 = {
    "architectures": ["A2DQwen3LMHeadModel"],
    "model_type": "a2d-qwen3",
    "attention_bias": False,
    **_A2D,
}
_QWEN2_CODER = {
    "architectures": ["Qwen2ForCausalLM"],
    "model_type": "qwen2",
    "bos_token_id": "id:<|endoftext|>",
}

RECIPES: dict[str, Recipe] = {
    "dream": Recipe(
        added=_DREAM_ADDED,
        config=_DREAM,
        tokenizer=_DREAM_TOKENIZER,
        folder="Dream-Coder-v0-Instruct-7B",
    ),
    "diffucoder": Recipe(
        added=(*CHATML, *QWEN_FIM, "<|dlm_pad|>", "<|mask|>"),
        config={**_DREAM, "pad_token_id": "id:<|dlm_pad|>"},
        tokenizer={**_DREAM_TOKENIZER, "bos_token": None, "pad_token": "<|dlm_pad|>"},
        folder="DiffuCoder-7B-cpGRPO",
    ),
    "dreamon": Recipe(
        added=(*_DREAM_ADDED, "<|expand|>"),
        config=_DREAM,
        tokenizer=_DREAM_TOKENIZER,
        generation={
            "mask_token_id": "id:<|mask|>",
            "expand_token_id": "id:<|expand|>",
            "eos_token_id": "id:<|endoftext|>",
        },
        folder="DreamOn-v0-7B",
    ),
    "open-dcoder": Recipe(
        added=(*CHATML, *QWEN_FIM, "<M>"),
        config={**_QWEN2_CODER, "eos_token_id": "id:<|endoftext|>"},
        tokenizer={
            "bos_token": None,
            "eos_token": "<|endoftext|>",
            "pad_token": "<|endoftext|>",
            "mask_token": "<M>",
        },
        tied=True,
        folder="open-dcoder-0.5B",
    ),
    "a2d-qwen2-mdlm": Recipe(
        added=(*CHATML, *QWEN_FIM, "<|mask|>"),
        config=_A2D_QWEN2,
        tokenizer=_A2D_TOKENIZER,
        tied=True,
        folder="Qwen2.5-Coder-0.5B-Instruct-diffusion-mdlm-v0.1",
    ),
    "a2d-qwen2-bd3lm": Recipe(
        added=(*CHATML, *QWEN_FIM, "<|mask|>"),
        config=_A2D_QWEN2,
        tokenizer=_A2D_TOKENIZER,
        tied=True,
        folder="Qwen2.5-Coder-0.5B-Instruct-diffusion-bd3lm-v0.1",
    ),
    "fast-dllm-v2": Recipe(
        added=(*CHATML, *QWEN_FIM, "|<MASK>|"),
        config={
            "architectures": ["Fast_dLLM_QwenForCausalLM"],
            "model_type": "Fast_dLLM_Qwen",
            "bd_size": 32,
            "bos_token_id": "id:<|endoftext|>",
            "eos_token_id": "id:<|im_end|>",
            "pad_token_id": "id:<|im_end|>",
            "layer_types": ["full_attention", "full_attention"],
        },
        tokenizer={**_INSTRUCT, "additional_special_tokens": ["|<MASK>|"]},
        generation={"eos_token_id": ["id:<|im_end|>", "id:<|endoftext|>"]},
        folder="Fast_dLLM_v2_1.5B",
    ),
    "qwen2": Recipe(
        added=(*CHATML, *QWEN_FIM),
        config={**_QWEN2_CODER, "eos_token_id": "id:<|im_end|>"},
        tokenizer=_INSTRUCT,
        generation={"eos_token_id": ["id:<|im_end|>", "id:<|endoftext|>"]},
        tied=True,
        folder="Qwen2.5-Coder-0.5B-Instruct",
    ),
    "a2d-qwen3-mdlm": Recipe(
        added=(*CHATML, *QWEN_FIM, "<think>", "</think>", "<|mask|>"),
        config=_A2D_QWEN3,
        tokenizer=_A2D_TOKENIZER,
        sizes="qwen3",
        tied=True,
        folder="Qwen3-0.6B-diffusion-mdlm-v0.1",
    ),
    "a2d-qwen3-bd3lm": Recipe(
        added=(*CHATML, *QWEN_FIM, "<think>", "</think>", "<|mask|>"),
        config=_A2D_QWEN3,
        tokenizer=_A2D_TOKENIZER,
        sizes="qwen3",
        tied=True,
        folder="Qwen3-0.6B-diffusion-bd3lm-v0.1",
    ),
    "sdar": Recipe(
        added=(*CHATML, *QWEN_FIM, "<think>", "</think>", "<|MASK|>"),
        config={
            "architectures": ["SDARForCausalLM"],
            "model_type": "sdar",
            "attention_bias": False,
            "block_size": 4,
            "bos_token_id": "id:<|endoftext|>",
            "eos_token_id": "id:<|endoftext|>",
            "mask_token_id": "id:<|MASK|>",
        },
        tokenizer={"bos_token": None, "eos_token": "<|endoftext|>", "mask_token": "<|MASK|>"},
        generation={"eos_token_id": ["id:<|im_end|>", "id:<|endoftext|>"]},
        sizes="qwen3",
        folder="SDAR-1.7B-Chat",
    ),
    "coda": Recipe(
        added=(*CHATML, *QWEN_FIM, "<think>", "</think>", "<|mask|>"),
        config={
            "architectures": ["CoDALanguageModel"],
            "model_type": "CoDA",
            "attention_bias": False,
            "attention_kernel": "flash_attention",
            "mask_token_id": "id:<|mask|>",
            "pad_token_id": "id:<|endoftext|>",
        },
        tokenizer={**_INSTRUCT, "bos_token": "<|im_end|>", "mask_token": "<|mask|>"},
        generation={"mask_token_id": "id:<|mask|>", "alg": "original", "diffusion_steps": 10},
        sizes="qwen3",
        folder="CoDA-v0-Instruct",
    ),
    "llada": Recipe(
        added=(
            *("<|startoftext|>", "<|endoftext|>", "[CLS]", "[gMASK]", "<|mdm_mask|>"),
            *("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        ),
        config={
            "architectures": ["LLaDAModelLM"],
            "model_type": "llada",
            "eos_token_id": "id:<|endoftext|>",
            "pad_token_id": "id:<|endoftext|>",
            "mask_token_id": "id:<|mdm_mask|>",
        },
        tokenizer={
            "bos_token": "<|startoftext|>",
            "eos_token": "<|endoftext|>",
            "pad_token": "<|endoftext|>",
            "cls_token": "[CLS]",
            "gmask_token": "[gMASK]",
        },
        sizes="llada",
        folder="LLaDA-8B-Instruct",
    ),
    "stable-diffcoder": Recipe(
        added=(
            *("<[begin▁of▁sentence]>", "<[PAD▁TOKEN]>", "<[end▁of▁sentence]>", "<[MASK_TOKEN]>"),
            *("<[fim-suffix]>", "<[fim-prefix]>", "<[fim-middle]>"),
        ),
        config={
            "architectures": ["StableDiffcoderForCausalLM"],
            "auto_map": {"AutoModelForCausalLM": "modeling_stable_diffcoder.StableDiffcoderForCausalLM"},
            "model_type": "llama",
            "attention_bias": False,
            "mlp_bias": False,
            "bos_token_id": "id:<[begin▁of▁sentence]>",
            "eos_token_id": "id:<[end▁of▁sentence]>",
            "pad_token_id": "id:<[PAD▁TOKEN]>",
        },
        tokenizer={"bos_token": "<[begin▁of▁sentence]>", "eos_token": "<[end▁of▁sentence]>"},
        special_map={"mask_token": {"content": "<[MASK_TOKEN]>"}},
        sizes="llama",
        folder="Stable-DiffCoder-8B-Instruct",
    ),
}

FAMILIES = tuple(RECIPES)
"""Every published layout there is a recipe for; `diffucoder` is of the family `dream`."""
