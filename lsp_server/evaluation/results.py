"""What is known of each row when it is done."""

from dataclasses import dataclass
from typing import Literal

from lsp_server.evaluation.sandbox.execution import Ending

Outcome = Literal[Ending, "not_filled"]
"""How a row's program ended, or that the model gave no text for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """One task, filled and tried; the fields are the keys of `--json`."""

    task_id: str
    base_task: str
    outcome: Outcome
    detail: str
    """Why, in one line; empty where it passed."""
    completion: str
    mode: str
    exact_match: bool
    edit_similarity: float
    well_formed: bool | None
    stop_reason: str
    tokens: int
    passes: int
    ms: float
    """Of the fill, without the tests."""
    mean_logprob: float

    @property
    def tried(self) -> bool:
        """Whether it counts for pass@1: it was run, or there was nothing to run though it could have been."""
        return self.outcome != "not_run"
