"""The two things a family file gives: how to tell its checkpoints, and how to read them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from export.checkpoints.base import Checkpoint
from export.decoder import DecoderWeights
from runtime.manifest import ATTENTION_OF_KIND, Attention, Kind, Piece, SamplerDefault, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Denoiser:
    """A checkpoint as its family understands it: everything the graph and the manifest need."""

    weights: DecoderWeights
    kind: Kind
    shift: bool
    """True where the logits at position i predict token i + 1."""
    tokens: Tokens
    layouts: dict[str, tuple[Piece, ...]]
    sampler: SamplerDefault
    block_length: int | None = None
    unanswerable: frozenset[int] = frozenset()
    """Ids that must never be an answer: the mask, and what only ever begins or pads a text."""

    @property
    def attention(self) -> Attention:
        """What the tokens of a pass see of each other."""
        return cast(Attention, ATTENTION_OF_KIND[self.kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family of checkpoints."""

    name: str
    """As `--family` takes it."""
    checkpoints: str
    """Published ones that belong to it."""
    accepts: Callable[[Checkpoint], bool]
    """Whether a checkpoint looks like one of this family, by its configuration."""
    read: Callable[[Checkpoint], Denoiser]
    """Raises ModelFileError, naming the field, where something is missing or contradictory."""


def declares(checkpoint: Checkpoint, *names: str) -> bool:
    """Whether config.json gives one of `names` as `model_type` or among its `architectures`."""
    architectures = checkpoint.config.get("architectures")
    declared = {checkpoint.config.get("model_type")}
    if isinstance(architectures, list):
        declared.update(name for name in architectures if isinstance(name, str))
    return not declared.isdisjoint(names)


def published_name(checkpoint: Checkpoint) -> str:
    """What the checkpoint is called, in lower case: its repository's name, or its folder's."""
    repository = checkpoint.source.repository.rstrip("/").rsplit("/", 1)[-1]
    return (repository or checkpoint.path.name).lower()
