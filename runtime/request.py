"""What goes into the engine and what comes out: plain values, no documents, no tensors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

Mode = Literal["line", "block", "function", "region"]
MODES: tuple[Mode, ...] = ("line", "block", "function", "region")

StopReason = Literal["end", "suffix", "scope", "line", "repetition", "length", "budget"]


class SlotState(Enum):
    """How settled one canvas slot is."""

    MASKED = "masked"
    DRAFT = "draft"
    COMMITTED = "committed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRequest:
    """A hole between two texts, and how to fill it."""

    prefix: str
    """Text before the hole."""
    suffix: str = ""
    """Text after the hole."""
    ends_file: bool = False
    """Whether `suffix` goes on to the file's end: what it leaves open stays open."""
    mode: Mode = "block"
    """What the hole is: the rest of a line, a block of lines, a function's body, or any region."""
    layout: str = "auto"
    """Prompt layout by the manifest's name, or `auto`: chosen from the mode."""
    language: str = ""
    """Language id in the LSP's spelling (`python`, `typescript`); empty where unknown."""
    path: str = ""
    """The file's name as the model may see it; empty for none."""
    instruction: str = ""
    """What to do, for chat layouts."""
    previous: str = ""
    """Text the hole held before, tried first as a draft."""
    context: tuple[tuple[str, str], ...] = ()
    """(path, text) chunks of other files, slow-changing first."""
    max_tokens: int = 256
    """Upper bound on the tokens written."""
    budget_ms: float | None = None
    """Time after which what is verified so far is the answer; None waits for the end."""
    sampler: str | None = None
    """Sampler by name; None takes the model's default."""
    settings: Mapping[str, float] = field(default_factory=dict)
    """Settings of the sampler that differ from its defaults."""
    length: str | None = None
    """Masked models: the length policy (`fixed:32`, `cal` …); None takes the best the model allows."""
    cache: str | None = None
    """Masked models: the cache policy (`none`, `dual`, `dual:4` …); None takes the model's default."""
    constraint: str = "none"
    """Masked models: `syntax` keeps the text parseable, `auto` does where the language is known."""
    temperature: float = 0.0
    """Masked models: 0 takes the likeliest tokens; above, they are sampled with `seed`."""
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The canvas after one pass."""

    text: str
    """The canvas decoded: committed text, then drafts, then mask signs."""
    pieces: tuple[tuple[str, SlotState], ...]
    """The same text slot by slot, with each slot's state."""
    pass_index: int
    """Passes run so far, this one included."""
    committed_tokens: int
    elapsed_ms: float
    tokens_per_second: float
    """Committed tokens over the time since decoding began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillResult:
    """The finished text and what it cost."""

    text: str
    """What belongs in the hole: never ends in text that the suffix already has."""
    stop_reason: StopReason
    model: str
    sampler: str
    device: str
    """`cpu` or `cuda`: the provider really in use."""
    layout: str
    tokens: int
    """Tokens committed in decoding, those cut off at the end included."""
    passes: int
    """Passes over the canvas; the prefill is not one of them unless it committed tokens."""
    prompt_tokens: int
    cached_tokens: int
    """Prompt tokens that were in the context cache already."""
    prefill_ms: float
    decode_ms: float
    total_ms: float
    mean_logprob: float
    """Mean log-probability of the committed tokens: the model's confidence in the text."""
    length_policy: str = ""
    """How the canvas's length was found; empty where text is written until it ends."""
    cache_policy: str = "exact"
    """Which rows were reused from pass to pass."""

    @property
    def tokens_per_pass(self) -> float:
        """Committed tokens for each pass."""
        return self.tokens / self.passes if self.passes else 0.0
