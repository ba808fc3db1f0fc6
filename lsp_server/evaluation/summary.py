"""Figures over all rows of a run."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from lsp_server.evaluation.intervals import clustered_interval
from lsp_server.evaluation.results import RowResult
from lsp_server.statistics import percentiles


def summary_of(rows: Sequence[RowResult]) -> dict[str, Any]:
    """Shares from 0 to 1, milliseconds by the nearest rank, tokens over passes; null where there are none.

    pass@1 is of the rows that could be run, a row that the model gave no text for among them; times and
    tokens are of the rows that the model wrote.
    """
    tried = [row for row in rows if row.tried]
    passed = [row.outcome == "passed" for row in tried]
    interval = clustered_interval(passed, [row.base_task for row in tried])
    parsed = [row.well_formed for row in rows if row.well_formed is not None]
    passes = sum(row.passes for row in rows)
    times = percentiles([row.ms for row in rows if row.outcome != "not_filled"]) or {}
    return {
        "rows": len(rows),
        "tried": len(tried),
        "base_tasks": len({row.base_task for row in rows}),
        "pass_at_1": _share(passed),
        "pass_at_1_ci95": None if interval is None else [round(bound, 4) for bound in interval],
        "exact_match": _share([row.exact_match for row in rows]),
        "edit_similarity": _share([row.edit_similarity for row in rows]),
        "well_formed": _share(parsed),
        "tokens": sum(row.tokens for row in rows),
        "passes": passes,
        "tokens_per_pass": round(sum(row.tokens for row in rows) / passes, 3) if passes else None,
        "ms_p50": times.get("p50"),
        "ms_p95": times.get("p95"),
        "outcomes": dict(Counter(row.outcome for row in rows).most_common()),
    }


def _share(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None
