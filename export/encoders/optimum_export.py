"""optimum's part: a transformers encoder traced to ONNX."""

import logging
import warnings
from pathlib import Path
from typing import Any

from runtime.errors import ModelFileError, RuntimeSetupError

OPSET = 18
FILE = "model.onnx"


def export_with_optimum(model: Any, folder: Path) -> Path:
    """Trace `model` into `folder`; inputs input_ids and attention_mask (batch, tokens), output logits.

    The configuration is written for the model's class at hand, so that optimum need not know its type.

    Raises:
        RuntimeSetupError: optimum is missing.
        ModelFileError: the model can't be traced.
    """
    try:
        from optimum.exporters.onnx import onnx_export_from_model
        from optimum.exporters.onnx.config import TextEncoderOnnxConfig
        from optimum.utils import NormalizedTextConfig
    except ImportError:
        raise RuntimeSetupError(
            "Encoders are exported by optimum. Install it with `pip install 'spanfill[export]'`."
        ) from None

    class MaskedLanguageModel(TextEncoderOnnxConfig):  # type: ignore[misc]
        NORMALIZED_CONFIG_CLASS = NormalizedTextConfig
        DEFAULT_ONNX_OPSET = OPSET

        @property
        def inputs(self) -> dict[str, dict[int, str]]:
            axes = {0: "batch", 1: "tokens"}
            return {"input_ids": axes, "attention_mask": axes}

        @property
        def outputs(self) -> dict[str, dict[int, str]]:
            return {"logits": {0: "batch", 1: "tokens"}}

    config = MaskedLanguageModel(model.config, task="fill-mask")
    try:
        with warnings.catch_warnings():
            # The tracer warns of every constant it folds.
            warnings.simplefilter("ignore")
            logging.getLogger("optimum").setLevel(logging.ERROR)
            onnx_export_from_model(
                model,
                folder,
                task="fill-mask",
                custom_onnx_configs={"model": config},
                opset=OPSET,
                # `spanfill verify` compares; optimum's own check would run a batch we have no use for.
                do_validation=False,
                no_post_process=True,
            )
    except Exception as error:  # the tracer raises whatever the model's code does
        what = " ".join(str(error).split())[:200]
        name = type(model).__name__
        raise ModelFileError(f"{name} can't be exported by optimum ({what}).") from error
    return folder / FILE
