"""The training run: from prepared examples to an adapter, in legs, resumable to the step.

Knows the order of things; layout, model, losses and files are other modules'. What a step does follows
from the seed and the step's number, so nothing of the data's order needs saving.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from export.adaptation.adapter_file import save_adapter
from export.adaptation.decoder import AdaptedDecoder
from export.adaptation.layout import Ids, Laid, lay_out
from export.adaptation.losses import losses, slot_weight
from export.adaptation.prepared import Prepared
from export.adaptation.schedule import Schedule
from export.adaptation.settings import Settings
from export.adaptation.store import Order, Store
from export.adaptation.validate import choose_examples, validate
from export.run_state import forget_log_after, interruptible, load_state, log_row, save_state
from runtime.errors import InputError

STATE_FILE, LOG_FILE, ADAPTER_FILE = "state.pt", "log.jsonl", "adapter.safetensors"
GRADIENT_LIMIT = 1.0
PASS_TOKENS = 2048
"""Tokens that run with adapters in one pass, at most: their activations are what memory is spent on."""

RECENT = 20
"""Steps that reported figures are means over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a run stands after a step."""

    step: int
    loss: float
    """Of the masks, mean over the last steps; nats."""
    next_loss: float
    """Of the clean span tokens."""
    first_slot: float
    """Share of first masks that agree with the model, on the training examples."""
    tokens_per_s: float
    """Tokens that ran with adapters."""
    elapsed_s: float


@dataclass(slots=True)
class _Totals:
    """Sums of one step."""

    tokens: int = 0
    context: int = 0
    masks: float = 0.0
    next_token: float = 0.0
    seconds: float = 0.0
    first: tuple[float, float] = (0.0, 0.0)


class Run:
    """One training run and its folder."""

    def __init__(
        self,
        prepared: Prepared,
        folder: Path,
        decoder: AdaptedDecoder,
        *,
        base_sha256: str,
        own: Store | None = None,
        validation_examples: int = 24,
        validate_every: int = 200,
    ) -> None:
        """Starts anew, or where the state in `folder` ends.

        `own`: examples whose spans the model wrote, for `own_share`.

        Raises:
            InputError: the folder's run had other settings, or `own_share` has no examples to take.
        """
        self.folder, self.decoder, self.settings = folder, decoder, decoder.settings
        self._prepared, self._own, self._base_sha256 = prepared, own, base_sha256
        if self.settings.own_share and own is None:
            raise InputError("--own-share needs --own, a folder that `rewrite` made.")
        self._shortlist: Ids = prepared.shortlist[: self.settings.shortlist]
        self._order = Order(len(prepared.train), self.settings.seed)
        self._own_order = Order(len(own), self.settings.seed) if own is not None else None
        self._validation_examples, self._validate_every = validation_examples, validate_every
        self._optimizer = torch.optim.AdamW(
            decoder.parameters(), self.settings.learning_rate, betas=(0.9, 0.95), weight_decay=0.0
        )
        self.schedule = Schedule(warmup_steps=self.settings.warmup_steps)
        self.step = 0
        self.elapsed_s = 0.0
        self.tokens = 0
        self._recent: list[_Totals] = []
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / STATE_FILE).is_file():
            self._resume(load_state(folder / STATE_FILE))

    def train(
        self,
        report: Callable[[Progress], None] = lambda _: None,
        *,
        minutes: float | None = None,
        stop_after: int | None = None,
        decay_steps: int | None = None,
        save_every_s: float = 300.0,
    ) -> bool:
        """Take steps for `minutes`, to step `stop_after`, or to the decay's end; True if the run has ended.

        The state is saved every `save_every_s` seconds and at the leg's end, however it comes.
        """
        if decay_steps is not None:
            self.schedule.end_within(decay_steps, self.step)
        began = saved_at = time.monotonic()
        logged_at = -1
        with interruptible() as interrupted:
            while not (self.schedule.ended(self.step) or self.step == stop_after or interrupted):
                if minutes is not None and time.monotonic() - began >= minutes * 60:
                    break
                start = time.monotonic()
                totals = self._take_step()
                totals.seconds = time.monotonic() - start
                self._recent = [*self._recent, totals][-RECENT:]
                self.elapsed_s += totals.seconds
                if self.step % self._validate_every == 0:
                    self._log()
                    logged_at = self.step
                report(self._progress())
                if time.monotonic() - saved_at >= save_every_s:
                    self.save()
                    saved_at = time.monotonic()
        if not interrupted and self._recent and logged_at != self.step:
            self._log()
        self.save()
        return self.schedule.ended(self.step)

    def save(self) -> None:
        """Write the state and the adapter."""
        state = {
            "settings": _plain(self.settings),
            "adapters": self.decoder.adapters.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "tokens": self.tokens,
            "decay_start": self.schedule.decay_start,
            "decay_steps": self.schedule.decay_steps,
        }
        save_state(self.folder / STATE_FILE, state)
        save_adapter(
            self.folder / ADAPTER_FILE,
            self.decoder,
            mask_token=self._prepared.mask_token,
            base_sha256=self._base_sha256,
            step=self.step,
        )

    def validate(self) -> dict[str, Any]:
        """The figures of the validation examples, the same ones each time."""
        return validate(
            self.decoder,
            choose_examples(self._prepared.validation, self._validation_examples),
            mask=self._prepared.mask,
            end_ids=self._prepared.end_ids,
            seed=0,
        )

    def _take_step(self) -> _Totals:
        for group in self._optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * self.schedule.factor(self.step)
        laid = self._examples(self.step)
        totals = _Totals(
            tokens=sum(len(each.ids) for each in laid), context=sum(len(each.context) for each in laid)
        )
        clean_tokens = sum(len(each.clean) for each in laid)
        mask_weight = sum(slot_weight(each, self.settings.slot_decay) for each in laid)
        right = torch.zeros(2)
        for part in passes(laid, PASS_TOKENS):
            found = losses(self.decoder, part, self._shortlist)
            loss = found.total(self.settings.next_weight, clean_tokens, mask_weight)
            loss.backward()  # type: ignore[no-untyped-call]
            totals.next_token += float(found.next_token.detach()) / clean_tokens
            totals.masks += float(found.masks.detach()) / max(mask_weight, 1e-9)
            right += torch.stack([found.right[0], found.masks_by_slot[0]]).cpu()
        totals.first = float(right[0]), float(right[1])
        torch.nn.utils.clip_grad_norm_(self.decoder.parameters(), GRADIENT_LIMIT)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.step += 1
        self.tokens += totals.tokens
        return totals

    def _examples(self, step: int) -> list[Laid]:
        laid = []
        for number in range(step * self.settings.examples, (step + 1) * self.settings.examples):
            rng = np.random.default_rng((self.settings.seed, 1, number))
            store, order = self._prepared.train, self._order
            if (
                self._own is not None
                and self._own_order is not None
                and rng.random() < self.settings.own_share
            ):
                store, order = self._own, self._own_order
            laid.append(lay_out(store[order(number)], self.settings, self._prepared.mask, rng))
        return laid

    def _progress(self) -> Progress:
        recent = self._recent
        first = np.sum([each.first for each in recent], axis=0)
        return Progress(
            step=self.step,
            loss=float(np.mean([each.masks for each in recent])),
            next_loss=float(np.mean([each.next_token for each in recent])),
            first_slot=float(first[0] / max(first[1], 1)),
            tokens_per_s=sum(each.tokens for each in recent) / sum(each.seconds for each in recent),
            elapsed_s=self.elapsed_s,
        )

    def _log(self) -> None:
        now = self._progress()
        start = time.monotonic()
        figures = self.validate()
        self.elapsed_s += time.monotonic() - start
        context = sum(each.context for each in self._recent)
        row = {
            "step": self.step,
            "tokens": self.tokens,
            "elapsed_s": round(self.elapsed_s, 1),
            "tokens_per_s": round(now.tokens_per_s, 1),
            "context_per_token": round(context / sum(each.tokens for each in self._recent), 3),
            "rate_factor": round(self.schedule.factor(self.step - 1), 4),
            "memory_gb": round(peak_memory_bytes() / 1e9, 2),
            "train_masks": round(now.loss, 4),
            "train_next": round(now.next_loss, 4),
            **figures,
        }
        log_row(self.folder / LOG_FILE, row)

    def _resume(self, state: dict[str, Any]) -> None:
        saved, ours = state["settings"], _plain(self.settings)
        other = [name for name, value in ours.items() if saved.get(name) != value]
        if other:
            raise InputError(
                f"The run in {self.folder} had another {', '.join(other)}. "
                "Give the same settings, or another folder."
            )
        self.decoder.adapters.load_state_dict(state["adapters"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step, self.elapsed_s, self.tokens = state["step"], state["elapsed_s"], state["tokens"]
        self.schedule.decay_start, self.schedule.decay_steps = state["decay_start"], state["decay_steps"]
        forget_log_after(self.folder / LOG_FILE, self.step)


def passes(laid: Sequence[Laid], most_tokens: int) -> Iterator[list[Laid]]:
    """A step's examples in groups that fit a pass, in order; one that is too long runs alone."""
    group: list[Laid] = []
    for each in laid:
        if group and sum(len(one.ids) for one in (*group, each)) > most_tokens:
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def peak_memory_bytes() -> int:
    """The most memory this process has had resident."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _plain(settings: Settings) -> dict[str, Any]:
    values = asdict(settings)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
