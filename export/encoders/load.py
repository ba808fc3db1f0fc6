"""An encoder's checkpoint as a transformers model, loaded as data."""

from typing import Any

from export.checkpoints.base import Checkpoint
from runtime.errors import ModelFileError, RuntimeSetupError


def load_encoder(checkpoint: Checkpoint) -> Any:
    """The `AutoModelForMaskedLM` in float32.

    Raises:
        RuntimeSetupError: torch or transformers is missing.
        ModelFileError: transformers has no class for it, or it can't be loaded.
    """
    try:
        import torch
        from transformers import AutoModelForMaskedLM
        from transformers.utils import logging
    except ImportError:
        raise RuntimeSetupError(
            "Encoders need torch, transformers and optimum. Install them with "
            "`pip install 'spanfill[export]'`."
        ) from None
    # The library's own bars and advice would run through ours.
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    for name in checkpoint.tensors.names():
        checkpoint.tensors.tensor(name)  # refuses what is no finite number
    try:
        model, loading = AutoModelForMaskedLM.from_pretrained(
            checkpoint.path,
            trust_remote_code=False,
            local_files_only=True,
            # Eager attention is plain matrix products; fused ones have no export of their own.
            attn_implementation="eager",
            dtype=torch.float32,
            output_loading_info=True,
        )
    except Exception as error:  # transformers raises OSError, ValueError, KeyError, RuntimeError …
        what = " ".join(str(error).split())[:200]
        raise ModelFileError(
            f"{checkpoint.path} can't be loaded as a masked language model ({what})."
        ) from error
    if loading["missing_keys"] or loading["mismatched_keys"]:
        lacking = sorted([*loading["missing_keys"], *(str(key) for key in loading["mismatched_keys"])])
        raise ModelFileError(
            f"{checkpoint.path} lacks weights that its class needs, or has them in another shape: "
            f"{', '.join(lacking[:3])}."
        )
    return model.eval()
