"""Constraints by name."""

from collections.abc import Mapping

from runtime.constraints.base import Constraint, Unconstrained
from runtime.errors import UsageError
from runtime.grammars import GRAMMAR_IDS, load_grammar
from runtime.tokenizer import Tokenizer

CONSTRAINTS: Mapping[str, str] = {
    "none": "every token is admitted",
    "syntax": "tokens that leave the text unreadable to the language's grammar are rejected",
    "auto": "as syntax where the language's grammar is known to read real code, else as none",
}
"""What each constraint does."""

TRUSTED = frozenset(
    {"python", "typescript", "typescriptreact", "javascript", "javascriptreact", "rust", "go", "java"}
)
"""Languages whose grammars were seen to read real files. Those of C and C++ trip over macros."""


def make_constraint(
    name: str,
    *,
    prefix: str,
    suffix: str,
    language: str,
    tokenizer: Tokenizer,
    drop: frozenset[int] = frozenset(),
    gaps: frozenset[int] = frozenset(),
    open_end: bool = False,
    ends_file: bool = False,
) -> Constraint:
    """A constraint for one hole; `WellFormed` explains the arguments.

    Raises:
        UsageError: no such constraint, or `syntax` for a language without a grammar.
    """
    if name not in CONSTRAINTS:
        raise UsageError(f"There is no constraint {name!r}; choose one of {', '.join(CONSTRAINTS)}.")
    if name == "none" or (name == "auto" and language not in TRUSTED):
        return Unconstrained()
    if load_grammar(language) is None:
        if name == "auto":
            return Unconstrained()
        raise UsageError(
            f"The constraint 'syntax' has no grammar for the language {language!r}; choose 'none' or one of "
            f"{', '.join(GRAMMAR_IDS)}."
        )
    from runtime.constraints.well_formed import WellFormed

    return WellFormed(
        prefix, suffix, language, tokenizer, drop, gaps=gaps, open_end=open_end, ends_file=ends_file
    )
