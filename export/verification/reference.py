"""Logits of the source checkpoint, from implementations that share no code with the graph writer."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from export.checkpoints.base import Checkpoint
from export.verification.trial import Trial
from runtime.errors import RuntimeSetupError
from runtime.manifest import Manifest

Progress = Callable[[float], None]


class Reference(Protocol):
    """A checkpoint that can be asked for logits."""

    def logits(self, trials: Sequence[Trial], progress: Progress) -> list[NDArray[np.float32]]:
        """(rows, vocabulary) logits at each trial's rows."""
        ...


def visibility(manifest: Manifest, tokens: int) -> NDArray[np.bool_]:
    """(tokens, tokens): whether token i sees token j, by the manifest's attention."""
    place = np.arange(tokens)
    if manifest.attention == "bidirectional":
        return np.ones((tokens, tokens), bool)
    block = place // (manifest.block_length or 1)
    return block[:, None] >= block[None, :]


class DecoderReference:
    """A decoder checkpoint in float32 PyTorch, one layer in memory at a time."""

    def __init__(self, checkpoint: Checkpoint, manifest: Manifest) -> None:
        """Read the checkpoint's sizes.

        Raises:
            RuntimeSetupError: torch is missing.
            ModelFileError: the checkpoint is no decoder of a known shape.
        """
        try:
            from export.reference import TorchDecoder
        except ImportError:
            raise RuntimeSetupError(
                "Verifying needs torch. Install it with `pip install 'spanfill[export]'`."
            ) from None
        self._manifest = manifest
        self._decoder = TorchDecoder(checkpoint)

    def logits(self, trials: Sequence[Trial], progress: Progress) -> list[NDArray[np.float32]]:
        """All trials side by side: each layer's weights are read once."""
        from export.reference import Pass

        passes = [
            Pass(
                ids=trial.ids.tolist(),
                positions=range(len(trial.ids)),
                visible=visibility(self._manifest, len(trial.ids)),
            )
            for trial in trials
        ]
        results = self._decoder.run(passes, progress)
        return [result.logits[trial.rows] for result, trial in zip(results, trials, strict=True)]
