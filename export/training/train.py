"""The training run: from a prepared corpus to a checkpoint, resumable to the step.

Knows the order of things; model, examples, schedule and files are other modules'. What a step does
follows from the seed and the step's number, so nothing of the data's order needs saving.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from export.run_state import forget_log_after, interruptible, load_state, log_row, save_state
from export.training import checkpoint
from export.training.batches import Batches, load_split
from export.training.model import Denoiser, Shape
from export.training.optimizer import make_optimizers
from export.training.schedule import Schedule
from export.training.vocabulary import load_tokenizer, token_ids
from export.training.workers import Workers
from runtime.errors import InputError

GRADIENT_LIMIT = 1.0
STATE_FILE = "state.pt"
LOG_FILE = "log.jsonl"
CHECKPOINT_FOLDER = "checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that a run's result depends on, the clock aside."""

    steps: int | None = None
    """Steps in all; or else `minutes`."""
    minutes: float | None = None
    """Minutes in all; the decay is fitted to them."""
    decay_start: int | None = None
    """First step of the decay, to repeat a run that was given minutes."""
    seed: int = 0
    window: int = 256
    """Tokens of an example."""
    batch: int = 16
    """Examples of a step."""
    learning_rate: float = 0.005
    """Peak rate of the layers' matrices (Muon)."""
    embedding_rate: float = 0.004
    """Peak rate of the embedding and the norms (AdamW)."""
    weight_decay: float = 0.02
    warmup_steps: int = 40
    validation_batches: int = 24
    validate_every: int = 200
    shape: Shape = field(default_factory=Shape)

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise InputError("Say how long to train: give either --steps or --minutes.")
        length = self.steps if self.steps is not None else self.minutes
        if length is None or min(length, self.batch, self.window, self.warmup_steps) <= 0:
            raise InputError("Steps, minutes, batch, window and warm-up must be greater than zero.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a run stands after a step."""

    step: int
    steps: int | None
    """Steps in all, once they are known."""
    loss: float
    """Mean over the last steps, nats a masked token."""
    tokens_per_s: float
    elapsed_s: float


class Run:
    """One training run and its folder."""

    def __init__(
        self, corpus: Path, folder: Path, settings: Settings, *, threads: int = 1, compile_model: bool = False
    ) -> None:
        """Starts anew, or where the state in `folder` ends.

        Raises:
            InputError: the corpus is missing, or the folder's run had other settings.
        """
        if not 1 <= threads <= settings.batch or settings.batch % threads:
            raise InputError(
                f"Each core takes an equal share of the batch, and {settings.batch} examples can't be shared "
                f"out among {threads}. Choose other --threads or --batch."
            )
        self.folder, self.settings = folder, settings
        self._tokenizer_file = corpus / "tokenizer.json"
        tokenizer = load_tokenizer(self._tokenizer_file)
        ids = token_ids(tokenizer)
        if tokenizer.get_vocab_size() > settings.shape.vocab_size:
            raise InputError(
                f"The corpus's tokenizer has {tokenizer.get_vocab_size()} tokens, the model "
                f"{settings.shape.vocab_size}. Run `prepare` again."
            )

        def batches(split: str, seed: int) -> Batches:
            return Batches(
                load_split(corpus, split), ids, window=settings.window, batch=settings.batch, seed=seed
            )

        self._train = batches("train", settings.seed)
        self._validation = batches("validation", settings.seed + 1)
        torch.manual_seed(settings.seed)
        self.model = Denoiser(settings.shape)
        self._workers = Workers(self.model, threads)
        self._optimizers = make_optimizers(
            self.model,
            self._workers.map,
            learning_rate=settings.learning_rate,
            embedding_rate=settings.embedding_rate,
            weight_decay=settings.weight_decay,
        )
        self.schedule = Schedule(
            warmup_steps=settings.warmup_steps,
            steps=settings.steps,
            minutes=settings.minutes,
            decay_start=settings.decay_start,
        )
        self.step = 0
        self.elapsed_s = 0.0
        self._losses: list[float] = []
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / STATE_FILE).is_file():
            self._resume(load_state(folder / STATE_FILE))
        if compile_model:
            self.model.hidden = torch.compile(self.model.hidden, dynamic=False)  # type: ignore[method-assign]

    def train(
        self,
        report: Callable[[Progress], None] = lambda _: None,
        *,
        save_every_s: float = 180.0,
        stop_after: int | None = None,
    ) -> bool:
        """Take steps until the schedule ends; True if it did, False if interrupted or at step `stop_after`.

        The state is saved every `save_every_s` seconds and at the end, however it comes.
        """
        if self.schedule.ended(self.step):
            return True
        saved_at = time.monotonic()
        with interruptible() as interrupted:
            while not self.schedule.ended(self.step) and self.step != stop_after and not interrupted:
                began = time.monotonic()
                self._take_step()
                took_s = time.monotonic() - began
                self.elapsed_s += took_s
                self.schedule.look_at_clock(self.step, self.elapsed_s)
                if self.step % self.settings.validate_every == 0:
                    self._validate()
                recent = self._losses[-50:]
                tokens = self.settings.batch * self.settings.window
                report(
                    Progress(
                        step=self.step,
                        steps=self.schedule.steps,
                        loss=sum(recent) / len(recent),
                        tokens_per_s=tokens / took_s,
                        elapsed_s=self.elapsed_s,
                    )
                )
                if time.monotonic() - saved_at >= save_every_s:
                    self.save()
                    saved_at = time.monotonic()
        ended = self.schedule.ended(self.step)
        if ended and self.step % self.settings.validate_every:
            self._validate()
        self.save()
        return ended

    def save(self) -> None:
        """Write the state and the checkpoint folder."""
        state = {
            "settings": _plain(self.settings),
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "steps": self.schedule.steps,
            "decay_start": self.schedule.decay_start,
            "losses": self._losses[-50:],
            "rng": torch.get_rng_state(),
        }
        save_state(self.folder / STATE_FILE, state)
        checkpoint.save_folder(
            self.folder / CHECKPOINT_FOLDER, self.model, self._tokenizer_file, window=self.settings.window
        )

    def validation_loss(self) -> float:
        """Mean loss over the same examples of the validation packages each time, nats a masked token."""
        numbers = range(self._validation_batches())
        return sum(self._workers.loss(*self._batch(self._validation, number)) for number in numbers) / len(
            numbers
        )

    def _take_step(self) -> None:
        factor = self.schedule.factor(self.step)
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * factor
        loss = self._workers.gradients(*self._batch(self._train, self.step))
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), GRADIENT_LIMIT)
        for optimizer in self._optimizers:
            optimizer.step()
            optimizer.zero_grad()
        self._losses.append(loss)
        self.step += 1

    def _validate(self) -> None:
        began = time.monotonic()
        loss = self.validation_loss()
        self.elapsed_s += time.monotonic() - began
        recent = self._losses[-50:]
        row = {
            "step": self.step,
            "tokens": self.step * self.settings.batch * self.settings.window,
            "elapsed_s": round(self.elapsed_s, 1),
            "train_loss": round(sum(recent) / len(recent), 4),
            "validation_loss": round(loss, 4),
            "rate_factor": round(self.schedule.factor(self.step), 4),
            "steps": self.schedule.steps,
            "decay_start": self.schedule.decay_start,
        }
        log_row(self.folder / LOG_FILE, row)

    def _validation_batches(self) -> int:
        whole = self._validation.windows // self.settings.batch
        return max(1, min(self.settings.validation_batches, whole))

    @staticmethod
    def _batch(batches: Batches, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        inputs, targets = batches.batch(step)
        return torch.from_numpy(inputs), torch.from_numpy(targets)

    def _resume(self, state: dict[str, Any]) -> None:
        ours = _plain(self.settings)
        # More or less time may be given to a run until its decay has started.
        free = {"minutes"} if state["steps"] is None else set()
        other = [
            name for name, value in ours.items() if state["settings"].get(name) != value and name not in free
        ]
        if other:
            raise InputError(
                f"The run in {self.folder} had another {', '.join(other)}. "
                "Give the same settings, or another folder."
            )
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.elapsed_s = state["step"], state["elapsed_s"]
        self.schedule.steps, self.schedule.decay_start = state["steps"], state["decay_start"]
        self._losses = state["losses"]
        torch.set_rng_state(state["rng"])
        forget_log_after(self.folder / LOG_FILE, self.step)


def _plain(settings: Settings) -> dict[str, Any]:
    return asdict(settings)
