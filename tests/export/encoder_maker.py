"""Small random encoders saved as transformers saves them, with a byte-level BPE tokenizer of their own."""

import json
from pathlib import Path
from typing import Any

from random_decoder import SAMPLE
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

KINDS = ("roberta", "modernbert")
VOCABULARY = 512
SPECIAL = {
    "roberta": {"cls": "<s>", "pad": "<pad>", "sep": "</s>", "unk": "<unk>", "mask": "<mask>"},
    "modernbert": {"pad": "[PAD]", "cls": "[CLS]", "sep": "[SEP]", "unk": "[UNK]", "mask": "[MASK]"},
}
SPREAD = 0.2
"""Of the weights, wide enough for logits that vary."""


def make_encoder(folder: Path, kind: str, *, mask: bool = True) -> Path:
    """A checkpoint folder of `kind`; without `mask`, its tokenizer has no such token."""
    import torch
    from transformers import ModernBertConfig, ModernBertForMaskedLM, RobertaConfig, RobertaForMaskedLM

    names = {role: name for role, name in SPECIAL[kind].items() if mask or role != "mask"}
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 20,
        special_tokens=list(names.values()),
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator([SAMPLE], trainer)
    ids = {role: tokenizer.token_to_id(name) for role, name in names.items()}
    sizes: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "initializer_range": SPREAD,
        "pad_token_id": ids["pad"],
        "bos_token_id": ids["cls"],
        "eos_token_id": ids["sep"],
    }
    torch.manual_seed(0)
    if kind == "roberta":
        places = 256 + ids["pad"] + 1
        model = RobertaForMaskedLM(RobertaConfig(**sizes, max_position_embeddings=places, type_vocab_size=1))
    else:
        sizes |= {"cls_token_id": ids["cls"], "sep_token_id": ids["sep"]}
        model = ModernBertForMaskedLM(
            ModernBertConfig(
                **sizes,
                max_position_embeddings=256,
                local_attention=16,
                global_attn_every_n_layers=2,
                initializer_cutoff_factor=2.0,
            )
        )
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    roles = {f"{role}_token": name for role, name in names.items()}
    roles |= {"eos_token": names["sep"], "bos_token": names["cls"]}
    (folder / "tokenizer_config.json").write_text(json.dumps(roles), encoding="utf-8")
    return folder
