"""tree-sitter grammars by language id, each loaded when it is first asked for.

A table of wheels; parses nothing.
"""

import importlib
import logging
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language

logger = logging.getLogger(__name__)

_WHEELS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "javascriptreact": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "typescriptreact": ("tree_sitter_typescript", "language_tsx"),
    "rust": ("tree_sitter_rust", "language"),
    "go": ("tree_sitter_go", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "java": ("tree_sitter_java", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "lua": ("tree_sitter_lua", "language"),
    "shellscript": ("tree_sitter_bash", "language"),
    "json": ("tree_sitter_json", "language"),
}
"""Language id, as the LSP spells it: import name of the grammar's wheel, and its function that gives the
grammar."""

GRAMMAR_IDS = tuple(_WHEELS)
"""The language ids that have a grammar."""


@cache
def load_grammar(language: str) -> "Language | None":
    """The grammar of an LSP language id; None where there is none or its wheel is not installed."""
    if language not in _WHEELS:
        return None
    from tree_sitter import Language

    module, entry = _WHEELS[language]
    try:
        return Language(getattr(importlib.import_module(module), entry)())
    except (ImportError, AttributeError, ValueError) as error:
        logger.warning("The grammar %s can't be used (%s): there are no syntax rules", module, error)
        return None
