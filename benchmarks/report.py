"""Shows what was measured: as one JSON object, as Markdown tables, as a picture."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.cases import Case
from benchmarks.line_chart import Panel, Point, draw, styles
from benchmarks.scores import Summary
from lsp_server.evaluation.length_knowledge import KNOWLEDGE

GROUPS = (
    ("confidence", "margin", "entropy", "low-confidence"),
    ("threshold", "factor", "eb"),
    ("p2", "remdm-cap", "remdm-rescale", "remdm-conf", "remdm-loop", "wino"),
)
"""Samplers by how they choose: a planned number of slots, as many as are certain, and with re-masking."""

COLUMNS = ("exact match", "edit similarity", "passes", "tokens a pass", "ms (median)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A whole run."""

    about: Mapping[str, Any]
    """Model, device, rows, seed and the like."""
    results: Mapping[Case, Summary]


def as_json(run: Measured) -> dict[str, Any]:
    """One object; shares from 0 to 1, passes a row, median milliseconds."""
    return {
        **run.about,
        "cases": [
            {
                "sampler": case.sampler,
                "settings": dict(case.settings),
                "length_policy": case.length,
                "length": case.knowledge,
                "cache": case.cache,
                **asdict(found),
            }
            for case, found in run.results.items()
        ],
    }


def as_markdown(run: Measured) -> str:
    """A table for each kind of knowledge about the length."""
    about = run.about
    rows = about["rows"]
    parts = [
        f"`{about['model']}` on {about['device']}, {rows} rows, seed {about['seed']}, holes of at most "
        f"{about['hole_tokens']} tokens, fills of at most {about['max_tokens']}. One row is {100 / rows:.1f} "
        f"points of exact match, its standard error up to {50 / rows**0.5:.1f}. Passes "
        "include those that seek the length.",
    ]
    for knowledge, heading in KNOWLEDGE.items():
        found = {case: figures for case, figures in run.results.items() if case.knowledge == knowledge}
        if found:
            parts += ["", f"**{heading[0].upper()}{heading[1:]}**", "", *_table(found)]
    return "\n".join(parts) + "\n"


def _table(found: Mapping[Case, Summary]) -> list[str]:
    lines = [
        f"| sampler | settings | length | cache | {' | '.join(COLUMNS)} |",
        f"|---|---|---|---|{'---:|' * len(COLUMNS)}",
    ]
    order = _Order(found)
    for case, figures in sorted(found.items(), key=lambda item: order.of(item[0])):
        lines.append(
            f"| {case.sampler} | {case.setting_text} | {case.length} | {case.cache} "
            f"| {100 * figures.exact_match:.1f} % | {100 * figures.edit_similarity:.1f} % "
            f"| {figures.passes:.1f} | {figures.tokens_per_pass:.2f} | {figures.ms:.1f} |"
        )
    return lines


class _Order:
    """By length policy, cache and sampler, each as it came first."""

    def __init__(self, cases: Iterable[Case]) -> None:
        seen = list(cases)
        self._lengths = list(dict.fromkeys(case.length for case in seen))
        self._caches = list(dict.fromkeys(case.cache for case in seen))
        self._samplers = list(dict.fromkeys(case.sampler for case in seen))

    def of(self, case: Case) -> tuple[int, int, int]:
        """A key to sort by."""
        return (
            self._lengths.index(case.length),
            self._caches.index(case.cache),
            self._samplers.index(case.sampler),
        )


def as_svg(run: Measured) -> str:
    """Edit similarity against passes, without a cache: a panel for each kind of knowledge."""
    panels: list[Panel] = []
    for knowledge, heading in KNOWLEDGE.items():
        found = {
            case: figures
            for case, figures in run.results.items()
            if case.knowledge == knowledge and case.cache == "none"
        }
        if not found:
            continue
        # The first policy of the kind is the one whose settings were swept.
        length = next(iter(found)).length
        swept = {case: figures for case, figures in found.items() if case.length == length}
        name = "oracle (told the true length)" if knowledge == "oracle" else f"{heading} ({length})"
        panels.append(Panel(title=name[0].upper() + name[1:], lines=_lines(swept)))
    return draw(
        panels,
        styles(GROUPS),
        title=f"Infilling with {run.about['model']}: quality against passes",
        x_label="passes for a hole",
        y_label="edit similarity, %",
    )


def _lines(found: Mapping[Case, Summary]) -> dict[str, Sequence[Point]]:
    lines: dict[str, list[Point]] = {}
    for case, figures in found.items():
        note = (
            f"{case.sampler} {case.setting_text}".strip()
            + f": {100 * figures.edit_similarity:.1f} % in {figures.passes:.1f} passes"
        )
        point = Point(x=max(figures.passes, 0.5), y=figures.edit_similarity, note=note)
        lines.setdefault(case.sampler, []).append(point)
    return {**lines}
