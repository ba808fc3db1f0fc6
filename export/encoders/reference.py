"""The encoder itself, as transformers runs it: what its export is compared with."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.checkpoints.base import Checkpoint
from export.encoders.load import load_encoder
from export.verification.reference import Progress
from export.verification.trial import Trial


class EncoderReference:
    """A loaded `AutoModelForMaskedLM`."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def logits(self, trials: Sequence[Trial], progress: Progress) -> list[NDArray[np.float32]]:
        """One pass over each trial."""
        import torch

        found: list[NDArray[np.float32]] = []
        with torch.no_grad():
            for number, trial in enumerate(trials):
                progress(number / len(trials))
                rows = self._model(torch.from_numpy(trial.ids)[None]).logits[0]
                found.append(rows[torch.from_numpy(trial.rows)].numpy())
        return found


def encoder_reference(checkpoint: Checkpoint) -> EncoderReference:
    """Load it.

    Raises:
        RuntimeSetupError: torch or transformers is missing.
        ModelFileError: it can't be loaded.
    """
    return EncoderReference(load_encoder(checkpoint))
