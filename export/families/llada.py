"""LLaDA 8B and 1.5: a Llama trained from the start as a masked diffusion model, under its own names.

Sources: the checkpoints' configuration_llada.py and modeling_llada.py; ML-GSAI/LLaDA `GUIDELINES.md`
(the conversation's format), `generate.py`; NVlabs/Fast-dLLM (the threshold).
"""

from export.checkpoints.base import Checkpoint
from export.decoder import DecoderConfig
from export.families.base import Denoiser, Family, declares
from export.families.chat import instructed
from export.families.fields import Fields
from export.families.special_tokens import SpecialTokens
from export.families.standard import check_head_size, check_kv_heads
from export.families.tensors import CheckpointWeights, TensorKinds, TensorNames
from export.layouts import ChatFormat, bidirectional_layouts
from runtime.errors import ModelFileError
from runtime.manifest import Piece, SamplerDefault, Tokens

MASK = "<|mdm_mask|>"

NAMES = TensorNames(
    embedding="model.transformer.wte.weight",
    head="model.transformer.ff_out.weight",
    final_norm="model.transformer.ln_f.weight",
    layer="model.transformer.blocks.{}.",
    attention_norm="attn_norm",
    query="q_proj",
    key="k_proj",
    value="v_proj",
    output="attn_out",
    ffn_norm="ff_norm",
    gate="ff_proj",
    up="up_proj",
    down="ff_out",
)


def read(checkpoint: Checkpoint) -> Denoiser:
    """Read a checkpoint of this family.

    Raises:
        ModelFileError: a field, token or tensor is missing or contradictory.
    """
    config = read_sizes(checkpoint)
    weights = CheckpointWeights(checkpoint.tensors, config, _kinds(checkpoint), NAMES)
    ids = SpecialTokens(checkpoint, config.vocabulary)
    mask, ends, begin = ids.mask(MASK), ids.ends(), ids.beginning()
    return Denoiser(
        weights=weights,
        kind="bidirectional",
        shift=False,
        tokens=Tokens(eos=ends, pad=ids.optional("pad"), mask=mask),
        layouts=bidirectional_layouts(begin, ends[0], chat_format(checkpoint, ids)),
        sampler=SamplerDefault(name="threshold", settings={"tau": 0.9}),
        unanswerable=ids.unanswerable(mask),
    )


def read_sizes(checkpoint: Checkpoint) -> DecoderConfig:
    """Sizes and constants from config.json, whose fields are OLMo's.

    Raises:
        ModelFileError: a field is missing, impossible, or asks for something the graph lacks.
    """
    fields = Fields(checkpoint.config)
    fields.require("block_type", "llama", default="sequential")
    fields.require("activation_type", "silu", default="swiglu")
    fields.require("layer_norm_type", "rms", default="default")
    fields.require("layer_norm_with_affine", True, default=True)
    fields.require("rope", True, default=False)
    fields.require("block_group_size", 1, default=1)
    for name in ("alibi", "attention_layer_norm", "input_emb_norm", "scale_logits", "multi_query_attention"):
        fields.require(name, False, default=False)
    fields.require("include_bias", False, default=False)
    fields.require("bias_for_layer_norm", False, default=False)
    width, heads = fields.count("d_model"), fields.count("n_heads")
    if width % heads:
        raise ModelFileError(
            f"config.json has a `d_model` of {width}, which can't be shared among {heads} heads (`n_heads`)."
        )
    kv_heads = fields.count("n_kv_heads", default=heads)
    return DecoderConfig(
        family="llada",
        layers=fields.count("n_layers"),
        width=width,
        heads=heads,
        kv_heads=check_kv_heads(heads, kv_heads, "n_heads", "n_kv_heads"),
        head_size=check_head_size(width // heads, "d_model / n_heads"),
        ffn_width=fields.count("mlp_hidden_size", default=fields.count("mlp_ratio", default=4) * width),
        vocabulary=fields.count("embedding_size", default=fields.count("vocab_size")),
        rope_base=fields.number("rope_theta"),
        norm_epsilon=fields.number("rms_norm_eps"),
        context_length=fields.count("max_sequence_length"),
        qkv_bias=bool(fields.flag("include_qkv_bias", default=False)),
    )


def _kinds(checkpoint: Checkpoint) -> TensorKinds:
    fields = Fields(checkpoint.config)
    return TensorKinds(
        tied=fields.flag("weight_tying"), qkv_bias=bool(fields.flag("include_qkv_bias", default=False))
    )


def chat_format(checkpoint: Checkpoint, ids: SpecialTokens) -> ChatFormat | None:
    """The instruct model's turns; None for the base model."""
    start, end, turn = (ids.token(f"<|{name}|>") for name in ("start_header_id", "end_header_id", "eot_id"))
    if start is None or end is None or turn is None or not instructed(checkpoint, "<|eot_id|>"):
        return None

    def header(role: str) -> tuple[Piece, ...]:
        return Piece(token=start), Piece(text=role), Piece(token=end), Piece(text="\n\n")

    begin = ids.beginning()
    return ChatFormat(
        opening=(
            *(() if begin is None else (Piece(token=begin),)),
            *header("user"),
            Piece(slot="instruction"),
            Piece(token=turn),
            *header("assistant"),
        ),
        closing=(Piece(token=turn),),
    )


FAMILY = Family(
    name="llada",
    checkpoints="LLaDA 8B, LLaDA 1.5",
    accepts=lambda checkpoint: declares(checkpoint, "llada", "LLaDAModelLM"),
    read=read,
)
