"""What a text and the suffix after it have in common: brackets, quotes, the rest of the line, whole lines.

Pure string comparison; knows no syntax beyond the three kinds of brackets and quotes.
"""

_PAIRS = {")": "(", "]": "[", "}": "{"}
_OPEN = frozenset(_PAIRS.values())
_QUOTES = "\"'`"
_SUBSTANTIAL = 3
"""Characters that make a common piece more than chance."""


def _brackets(text: str) -> tuple[list[str], list[int]]:
    """Brackets left open, and places of closers that close nothing in the text; strings are stepped over."""
    stack: list[str] = []
    unmatched: list[int] = []
    quote = ""
    index = 0
    while index < len(text):
        char = text[index]
        if quote:
            if char == "\\":
                index += 1
            elif char in (quote, "\n"):
                quote = ""
        elif char in _QUOTES and _closes_later(text, index, char):
            quote = char
        elif char in _OPEN:
            stack.append(char)
        elif char in _PAIRS:
            if stack and stack[-1] == _PAIRS[char]:
                stack.pop()
            else:
                unmatched.append(index)
        index += 1
    return stack, unmatched


def _closes_later(text: str, index: int, quote: str) -> bool:
    end = text.find("\n", index)
    return quote in text[index + 1 : end if end >= 0 else len(text)]


def depth(text: str) -> int:
    """Brackets left open at the text's end."""
    return len(_brackets(text)[0])


def closes_more(text: str) -> bool:
    """Whether a bracket closes what the text has not opened."""
    return bool(_brackets(text)[1])


def without_suffix(text: str, suffix: str) -> str:
    """`text` without what `suffix` supplies."""
    rest = suffix.split("\n", 1)[0].rstrip("\r")
    if rest.strip():
        text = _without_closers(text, rest)
        text = _without_rest(text, rest)
    return _without_lines(text, suffix)


def _without_closers(text: str, rest: str) -> str:
    """Cut at a bracket that closes nothing in the text where the rest of the line has the same one."""
    ahead = rest.lstrip()
    _, unmatched = _brackets(text)
    for place in unmatched:
        if text[place] == ahead[:1]:
            return text[:place]
        if text[place] not in ahead:
            break
    if ahead[0] in _QUOTES and text.count(ahead[0]) % 2:
        return text[: text.rindex(ahead[0])]
    return text


def _without_rest(text: str, rest: str) -> str:
    """Cut the longest end of the text that begins the rest of the line."""
    for ahead in (rest, rest.strip()):
        for size in range(min(len(ahead), len(text)), 0, -1):
            piece = ahead[:size]
            if not text.endswith(piece) or not piece.strip():
                continue
            closers_only = all(char in ")]} \t" for char in piece)
            if closers_only:
                continue  # their own rule decides, by what they close
            if len(piece.strip()) >= _SUBSTANTIAL or piece.strip() == ahead.strip():
                return text[:-size]
    return text


def _without_lines(text: str, suffix: str) -> str:
    """Cut where the text begins to repeat the lines below it and does so to its end."""
    lines = text.split("\n")
    if len(lines) < 2:
        return text
    below = [line.rstrip() for line in suffix.replace("\r\n", "\n").split("\n")]
    below = below[1:] if below and (below[0].strip() or not suffix.startswith("\n")) else below
    below = [line for line in below if line.strip()]
    if not below:
        return text
    for start in range(1, len(lines)):
        tail = [line.rstrip() for line in lines[start:] if line.strip()]
        if not tail or lines[start].rstrip() != below[0]:
            continue
        same = tail[:-1] == below[: len(tail) - 1]
        ends = len(tail) <= len(below) and below[len(tail) - 1].startswith(tail[-1])
        if (same and ends) or (len(below[0].strip()) > 12 and len(tail) > 1):
            return "\n".join(lines[:start])
    return text
