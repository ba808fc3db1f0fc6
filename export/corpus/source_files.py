"""Decides which source files are worth training on.

Pure functions of text, and two memories: of duplicates, and of the tasks that the denoiser is tested on.
Does not know where files come from.
"""

import ast
import gzip
import hashlib
import json
import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

from tree_sitter import Parser

from export.corpus.archives import language_of
from runtime.errors import InputError
from runtime.grammars import load_grammar

SMALLEST_BYTES = 1000
LARGEST_BYTES = 200_000
LONGEST_LINE = 300
NON_ASCII_SHARE = 0.01
DIGIT_SHARE = 0.15
SHINGLE_LINES = 5
NEAR_DUPLICATE_SHARE = 0.5
NGRAM_WORDS = 10

_SKIPPED_PATH = re.compile(
    r"(^|/)(_?vendor(ed)?|third_?party|extern(al|s)?|_?tests?|testing|migrations|locale|locale-data|benchmarks"
    r"|node_modules)(/|$)|_pb2|(^|/)(test_|conftest)|_(test|parser_tables|lextab|parsetab)\.py$"
)
_SKIPPED_PATH_IF = re.compile(
    r"\.(test|spec|stories|config|bundle)\.[cm]?[jt]sx?$|_test\.go$|/dist/|/umd/|/cjs/", re.I
)
"""Tests by other languages' names, and what bundlers write."""
_GENERATED = re.compile(r"generated (by|from|with|file)|auto-?\s?generated|do not (edit|modify)", re.I)
_HEADER = re.compile(r"copyright|licen[sc]e", re.I)
_BLOCK_HEADER = re.compile(r"\s*(?:/\*.*?\*/|(?://[^\n]*\n)+)\s*", re.S)
"""The comment that a file of C's kind begins with."""
_WORD = re.compile(r"\w+|[^\w\s]")


def clean(path: str, raw: bytes) -> str | None:
    """A file's text with line feeds only and no licence header, or None where it is not fit to learn from."""
    language = language_of(path)
    if language is None or not SMALLEST_BYTES <= len(raw) <= LARGEST_BYTES:
        return None
    if _SKIPPED_PATH.search(path) or (language != "python" and _SKIPPED_PATH_IF.search(path)):
        return None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if language == "python":
        text = text.replace("\t", "    ")
    text = _without_header(text, language)
    return text if _is_written_code(text) and _parses(text, language) else None


def _is_written_code(text: str) -> bool:
    """Whether a person wrote this, as code: neither generated nor a table of data."""
    return (
        len(text) >= SMALLEST_BYTES
        and not _GENERATED.search(text[:1000])
        and max(map(len, text.split("\n"))) <= LONGEST_LINE
        and sum(character > "\x7f" for character in text) <= NON_ASCII_SHARE * len(text)
        and sum(character.isdigit() for character in text) <= DIGIT_SHARE * len(text)
    )


class Duplicates:
    """Remembers files, and knows one that it has seen before, whole or for the most part."""

    def __init__(self) -> None:
        self._files: set[bytes] = set()
        self._shingles: set[int] = set()

    def is_new(self, text: str) -> bool:
        """Whether `text` is worth keeping; it is remembered if so."""
        digest = hashlib.sha256(text.encode()).digest()
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        shingles = {
            hash("\n".join(lines[start : start + SHINGLE_LINES]))
            for start in range(max(1, len(lines) - SHINGLE_LINES + 1))
        }
        if digest in self._files or len(shingles & self._shingles) > NEAR_DUPLICATE_SHARE * len(shingles):
            return False
        self._files.add(digest)
        self._shingles |= shingles
        return True


class HeldOut:
    """The word sequences of evaluation tasks, none of which may be in the corpus."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._ngrams: set[tuple[str, ...]] = set()
        for text in texts:
            self._ngrams.update(_ngrams(_WORD.findall(text)))

    def __len__(self) -> int:
        return len(self._ngrams)

    def shares(self, text: str) -> bool:
        """Whether any ten words in a row (names, numbers, single signs) are in both."""
        return bool(self._ngrams) and any(ngram in self._ngrams for ngram in _ngrams(_WORD.findall(text)))


def task_texts(path: Path) -> list[str]:
    """All text of an evaluation file: JSON lines, gzipped or not; a row's fields make one text.

    Raises:
        InputError: the file can't be read as that.
    """
    try:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines if line.strip()]
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"{path} can't be read as JSON lines ({error}). Name an evaluation file.") from error
    texts = []
    for row in rows:
        code = [str(row.get(key, "")) for key in ("prompt", "canonical_solution", "suffix")]
        texts += ["".join(code), str(row.get("test", ""))]
    return texts


def _ngrams(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return zip(*(words[offset:] for offset in range(NGRAM_WORDS)), strict=False)


def _without_header(text: str, language: str) -> str:
    if language != "python":
        header = _BLOCK_HEADER.match(text)
        return text[header.end() :] if header and _HEADER.search(header.group()) else text
    lines = text.split("\n")
    end = 0
    while end < len(lines) and (lines[end].startswith("#") or not lines[end].strip()):
        end += 1
    return "\n".join(lines[end:]) if _HEADER.search("\n".join(lines[:end])) else text


def _parses(text: str, language: str) -> bool:
    if language != "python":
        grammar = load_grammar(language)
        return grammar is not None and not Parser(grammar).parse(text.encode()).root_node.has_error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
