"""How the last token of an unfinished text may go on, by language: one text for each token it can become.

Knows how tokens are spelt; parses nothing.
"""

import re
from functools import cache

from runtime.grammars import load_grammar

_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(rb"[0-9]+")
_PUNCTUATION = re.compile(rb"[!-/:-@\[-^`{-~]+")  # ASCII without letters, digits and "_"
_FINAL = frozenset(b")],;")
"""No token of any supported language begins with one of these and goes on."""

_MORE_WORDS = ("mut", "Self", "self", "None", "True", "False", "boolean", "void", "nil", "iota")
"""Keywords that no grammar names by their spelling."""

_LONGEST_STRING_PREFIX = 2

_AFTER_PUNCTUATION = {
    b"/": (b"/ a\n", b"* a */ "),  # comments, which may stand anywhere
    b"-": (b"- a\n",),
    b"<": (b"!-- a\n",),
    b".": (b".. ", b"5 "),
    b"..": (b". ",),
    b"'": (
        b"a ",
        b"a' ",
        b"a: ",
        b"'' ",
    ),  # Rust: a lifetime, a character, a label; Python: ''' begins a string
    b'"': (b'a" ', b'"" '),
    b"\\": (b"\n", b"u0061 "),  # Python: a joined line; JavaScript: a name
    b"#": (b"[", b"!", b"# a\n"),
}


@cache
def _spellings(language: str) -> tuple[bytes, ...]:
    """Keywords and operators of a language, as its grammar names them."""
    grammar = load_grammar(language)
    assert grammar is not None
    kinds = {grammar.node_kind_for_id(kind) or "" for kind in range(grammar.node_kind_count)}
    parts = {part for kind in kinds for part in kind.split(" ")} | set(_MORE_WORDS)
    return tuple(sorted(part.encode() for part in parts if part))


def is_token(text: bytes) -> bool:
    """Whether `text` may be one token of a kind that `continuations` knows."""
    return any(kind.fullmatch(text) for kind in (_WORD, _NUMBER, _PUNCTUATION))


def continuations(token: bytes, language: str) -> tuple[bytes, ...]:
    """Texts to put behind `token`, with which it is each kind of token that it can still become.

    If it fits its place as none of these, it fits as nothing. `is_token` says which tokens may be asked for.
    """
    if len(token) == 1 and token[0] in _FINAL:
        return (b" ",)
    longer = [spelling[len(token) :] for spelling in _spellings(language) if spelling.startswith(token)]
    if _WORD.fullmatch(token):
        # Any other word is a name, whatever it is.
        texts = [b" ", b"_zq9 ", *(rest + b" " for rest in longer if rest)]
        if len(token) <= _LONGEST_STRING_PREFIX:
            texts += [b'"', b"'", b'#"', b"#a "]
        return tuple(texts)
    if _NUMBER.fullmatch(token):
        return (b" ", b"0 ", b".5 ", b"n ", b"_0 ")
    texts = [b" ", b"a ", b"\n", token, *(rest + b" " for rest in longer if rest)]
    return (*texts, *_AFTER_PUNCTUATION.get(token, ()))
