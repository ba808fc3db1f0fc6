"""What a file imports, as it is written there. From a syntax tree; resolves and reads nothing."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tree_sitter import Node

from lsp_server.syntax import Syntax

_DEPTH = 3
_QUOTED = re.compile(r"[\"'`]([^\"'`\n]+)[\"'`]")

SAME_FOLDER = "."
"""The module of languages whose files see those beside them without an import."""


@dataclass(frozen=True, slots=True)
class Import:
    """One module that a file names."""

    module: str
    """As the language writes it: `a.b`, `..c`, `./d`, `crate::e`, `f.h`."""
    names: tuple[str, ...] = ()
    """What is taken from it; empty where the module is used as a whole."""


def imports(syntax: Syntax) -> tuple[Import, ...]:
    """The imports of a file in the order they stand, each once."""
    language = syntax.language.id
    found: list[Import] = []
    if language in _SEE_THEIR_FOLDER:
        found.append(Import(SAME_FOLDER))
    if language in _READERS:
        kinds, read = _READERS[language]
        for node in _nodes(syntax.root, kinds, 0):
            found.extend(read((node.text or b"").decode("utf-8", "replace")))
    return tuple(dict.fromkeys(found))


def _nodes(parent: Node, kinds: frozenset[str], depth: int) -> Iterator[Node]:
    """The import statements at the top, and those within conditions there."""
    for node in parent.named_children:
        if node.type in kinds:
            yield node
        elif node.type in _OPENED and depth < _DEPTH:
            yield from _nodes(node, kinds, depth + 1)


_OPENED = frozenset(
    (
        "ERROR",  # what the parser could not make sense of may hold the whole file
        "if_statement",
        "try_statement",
        "block",
        "else_clause",
        "except_clause",
        "preproc_ifdef",
        "preproc_if",
        "preproc_else",
        "linkage_specification",
        "declaration_list",
        "namespace_definition",
    )
)


def _python(text: str) -> Iterator[Import]:
    text = re.sub(r"#.*|\\", " ", text)
    match = re.match(r"from\s+([.\w]+)\s+import\s+\(?([^)]*)", text)
    if match:
        names = [re.split(r"\s+", part.strip())[0] for part in match.group(2).split(",") if part.strip()]
        yield Import(match.group(1), () if "*" in names else tuple(names))
    elif text.startswith("import"):
        for part in text[len("import") :].split(","):
            if part.strip():
                yield Import(re.split(r"\s+", part.strip())[0])


def _script(text: str) -> Iterator[Import]:
    """ECMAScript's `import` and `export … from`, and CommonJS' `require`."""
    if re.match(r"(?:import|export)\b", text):
        source = re.search(r"(?:from\s*|^import\s*)[\"']([^\"']+)[\"']", text)
        if source is None:
            return
        clause = text[: source.start()]
        braces = re.search(r"\{([^}]*)\}", clause)
        names = []
        for part in braces.group(1).split(",") if braces else ():
            words = [word for word in re.split(r"\s+", part.strip()) if word and word != "type"]
            names += words[:1]
        whole = "*" in clause or not braces or re.match(r"import\s+\w+\s*,", clause)
        yield Import(source.group(1), () if whole else tuple(names))
    elif match := re.search(r"(?:(\{[^}]*\})\s*=\s*)?\brequire\s*\(\s*[\"']([^\"']+)[\"']", text):
        taken = re.findall(r"(\w+)\s*(?::\s*\w+)?\s*(?:,|\})", match.group(1) or "")
        yield Import(match.group(2), tuple(taken))


def _rust(text: str) -> Iterator[Import]:
    text = re.sub(r"//.*|/\*.*?\*/", " ", text)
    if match := re.match(r"(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;", text):
        yield Import(f"self::{match.group(1)}")
        return
    match = re.match(r"(?:pub(?:\([^)]*\))?\s+)?use\s+(.*?);?\s*$", text, re.DOTALL)
    for path in _use_tree(re.sub(r"\s+as\s+\w+", "", match.group(1))) if match else ():
        module, _, name = path.rpartition("::")
        if name in ("*", "self"):
            yield Import(module)
        elif module:
            yield Import(module, (name,))


def _use_tree(text: str) -> Iterator[str]:
    """The paths of Rust's `a::{b, c::{d, self}}`, one by one."""
    text = text.strip()
    opening = text.find("{")
    if opening < 0:
        if text:
            yield re.sub(r"\s+", "", text)
        return
    head, depth, start = re.sub(r"\s+", "", text[:opening]), 0, opening + 1
    for at in range(opening, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if (text[at] == "," and depth == 1) or depth == 0:
            for path in _use_tree(text[start:at]):
                yield head + path
            start = at + 1
        if depth == 0:
            return


def _quoted(text: str) -> Iterator[Import]:
    """Every quoted text: Go's import paths."""
    for match in _QUOTED.finditer(text):
        yield Import(match.group(1))


def _include(text: str) -> Iterator[Import]:
    if match := re.match(r"#\s*include\s+\"([^\"\n]+)\"", text):
        yield Import(match.group(1))


def _java(text: str) -> Iterator[Import]:
    match = re.match(r"import\s+(static\s+)?([\w.]+?)(?:\.\*)?\s*;", text)
    if match:
        path = match.group(2)
        static = bool(match.group(1)) and ".*" not in text
        yield Import(path.rpartition(".")[0] if static else path)


def _ruby(text: str) -> Iterator[Import]:
    if match := re.match(r"require(_relative)?\b[\s(]*[\"']([^\"'\n]+)[\"']", text):
        yield Import(f"./{match.group(2)}" if match.group(1) else match.group(2))


def _php(text: str) -> Iterator[Import]:
    if match := re.match(r"(?:require|include)(?:_once)?\b.*?[\"']/?([^\"'\n]+\.php)[\"']", text):
        yield Import(f"./{match.group(1)}")


def _lua(text: str) -> Iterator[Import]:
    for match in re.finditer(r"\brequire\s*\(?\s*[\"']([\w./-]+)[\"']", text):
        yield Import(match.group(1))


def _shell(text: str) -> Iterator[Import]:
    """`source ./a.sh`; of a path that begins with a variable, what follows it."""
    if match := re.match(r"(?:source|\.)\s+[\"']?(?:\$\{?\w+\}?/|\$\([^)]*\)/)?([\w./-]+)", text):
        yield Import(f"./{match.group(1).removeprefix('./')}")


_Reader = Callable[[str], Iterator[Import]]


def _reading(kinds: str, read: _Reader) -> tuple[frozenset[str], _Reader]:
    return frozenset(kinds.split()), read


_SCRIPT = _reading("import_statement export_statement lexical_declaration variable_declaration", _script)
_C = _reading("preproc_include", _include)
_READERS: dict[str, tuple[frozenset[str], _Reader]] = {
    "python": _reading("import_statement import_from_statement", _python),
    "javascript": _SCRIPT,
    "javascriptreact": _SCRIPT,
    "typescript": _SCRIPT,
    "typescriptreact": _SCRIPT,
    "rust": _reading("mod_item use_declaration", _rust),
    "go": _reading("import_declaration", _quoted),
    "c": _C,
    "cpp": _C,
    "java": _reading("import_declaration", _java),
    "ruby": _reading("call", _ruby),
    "php": _reading("expression_statement", _php),
    "lua": _reading("variable_declaration assignment_statement function_call", _lua),
    "shellscript": _reading("command", _shell),
}
_SEE_THEIR_FOLDER = frozenset(("go", "java", "csharp"))
