"""What the syntax rules need to know of each language: function nodes, how blocks are closed.

A table and look-ups by LSP language id or file name; parses nothing. `runtime.grammars` has the grammars.
"""

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal

BlockStyle = Literal["indent", "brace", "end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language's node kinds that matter here."""

    id: str
    """The LSP's language id."""
    style: BlockStyle = "brace"
    """Whether blocks end by indentation, by a bracket, or by a closing word."""
    functions: frozenset[str] = frozenset()
    """Node kinds that have a body to fill."""
    line_comment: str = "//"
    extensions: tuple[str, ...] = ()
    end_words: tuple[str, ...] = field(default=())
    """Words that close a block."""


def _kinds(names: str) -> frozenset[str]:
    return frozenset(names.split())


_JS_FUNCTIONS = _kinds(
    "function_declaration function_expression generator_function_declaration generator_function "
    "arrow_function method_definition"
)

_ALL = (
    Language(
        id="python",
        style="indent",
        functions=_kinds("function_definition"),
        line_comment="#",
        extensions=(".py", ".pyi", ".pyw"),
    ),
    Language(
        id="javascript",
        functions=_JS_FUNCTIONS,
        extensions=(".js", ".mjs", ".cjs"),
    ),
    Language(
        id="javascriptreact",
        functions=_JS_FUNCTIONS,
        extensions=(".jsx",),
    ),
    Language(
        id="typescript",
        functions=_JS_FUNCTIONS,
        extensions=(".ts", ".mts", ".cts"),
    ),
    Language(
        id="typescriptreact",
        functions=_JS_FUNCTIONS,
        extensions=(".tsx",),
    ),
    Language(
        id="rust",
        functions=_kinds("function_item closure_expression"),
        extensions=(".rs",),
    ),
    Language(
        id="go",
        functions=_kinds("function_declaration method_declaration func_literal"),
        extensions=(".go",),
    ),
    Language(
        id="c",
        functions=_kinds("function_definition"),
        extensions=(".c", ".h"),
    ),
    Language(
        id="cpp",
        functions=_kinds("function_definition lambda_expression"),
        extensions=(".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx"),
    ),
    Language(
        id="java",
        functions=_kinds("method_declaration constructor_declaration lambda_expression"),
        extensions=(".java",),
    ),
    Language(
        id="csharp",
        functions=_kinds(
            "method_declaration constructor_declaration local_function_statement accessor_declaration "
            "lambda_expression"
        ),
        extensions=(".cs",),
    ),
    Language(
        id="ruby",
        style="end",
        functions=_kinds("method singleton_method"),
        line_comment="#",
        extensions=(".rb",),
        end_words=("end",),
    ),
    Language(
        id="php",
        functions=_kinds("function_definition method_declaration anonymous_function"),
        extensions=(".php",),
    ),
    Language(
        id="lua",
        style="end",
        functions=_kinds("function_declaration function_definition"),
        line_comment="--",
        extensions=(".lua",),
        end_words=("end",),
    ),
    Language(
        id="shellscript",
        functions=_kinds("function_definition"),
        line_comment="#",
        extensions=(".sh", ".bash"),
        end_words=("fi", "done", "esac"),
    ),
    Language(
        id="json",
        line_comment="",
        extensions=(".json",),
    ),
)

_BY_ID = {language.id: language for language in _ALL}
_ALIASES = {
    "py": "python",
    "js": "javascript",
    "jsx": "javascriptreact",
    "ts": "typescript",
    "tsx": "typescriptreact",
    "bash": "shellscript",
    "sh": "shellscript",
    "c_sharp": "csharp",
    "cs": "csharp",
    "c++": "cpp",
    "jsonc": "json",
}
_BY_EXTENSION = {extension: language for language in _ALL for extension in language.extensions}

PLAIN = Language(id="", style="indent", line_comment="#")
"""What is assumed of a language we have no grammar for: indentation alone."""


def language_by_id(name: str) -> Language:
    """The language of an LSP id or a common alias; `PLAIN` where it is unknown."""
    return _BY_ID.get(_ALIASES.get(name, name), PLAIN)


def language_of_path(path: str) -> str:
    """The LSP language id a file's name suggests; empty where unknown."""
    language = _BY_EXTENSION.get(PurePath(path).suffix.lower())
    return language.id if language else ""


def supported() -> tuple[Language, ...]:
    """Every language with a grammar."""
    return _ALL
