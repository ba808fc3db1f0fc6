from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.context import CHARS_PER_TOKEN, ContextLimits, estimate_tokens, window

LIMITS = ContextLimits(prefix_tokens=100, suffix_tokens=40)
FUNCTION = "def f{0}(x):\n    y = x + {0}\n    return y\n\n\n"
FILE = "".join(FUNCTION.format(index) for index in range(100))


def test_a_short_file_is_seen_whole() -> None:
    assert window("a = 1\nb = 2\n", 3, 3, LIMITS) == (0, 12)


def test_the_window_keeps_its_budget_and_its_borders() -> None:
    for start in range(0, len(FILE), 37):
        first, last = window(FILE, start, start, LIMITS)
        assert estimate_tokens(FILE[first:start]) <= LIMITS.prefix_tokens
        assert estimate_tokens(FILE[start:last]) <= LIMITS.suffix_tokens
        assert first == 0 or FILE.startswith("def", first)


def test_the_start_stays_put_while_the_user_types() -> None:
    starts = []
    text, cursor = FILE, 2000
    for _ in range(300):
        text = text[:cursor] + "z" + text[cursor:]
        cursor += 1
        starts.append(window(text, cursor, cursor, LIMITS)[0])
    assert len(set(starts)) <= 1 + 300 // (LIMITS.prefix_tokens * CHARS_PER_TOKEN // 2 - 1)


def test_the_end_stays_put_while_the_user_types() -> None:
    text, cursor, tails = FILE, 2000, set()
    for _ in range(300):
        text = text[:cursor] + "z" + text[cursor:]
        cursor += 1
        tails.add(text[cursor : window(text, cursor, cursor, LIMITS)[1]])
    assert len(tails) == 1


def test_a_real_count_shrinks_the_window() -> None:
    first, last = window(FILE, 2000, 2000, LIMITS, count_tokens=len)
    assert 2000 - first <= LIMITS.prefix_tokens
    assert last - 2000 <= LIMITS.suffix_tokens


def test_wide_characters_count_one_token_each() -> None:
    text = "注释" * 2000
    first, last = window(text, 2000, 2000, LIMITS)
    assert 0 < 2000 - first <= LIMITS.prefix_tokens
    assert 0 < last - 2000 <= LIMITS.suffix_tokens


@settings(deadline=None)
@given(
    st.text(alphabet="ab \n\r{}日", max_size=400),
    st.integers(0, 400),
    st.integers(0, 400),
    st.integers(1, 30),
)
def test_any_text_gives_a_window_around_the_hole(text: str, one: int, other: int, tokens: int) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    limits = ContextLimits(prefix_tokens=tokens, suffix_tokens=tokens)
    first, last = window(text, start, end, limits)
    assert 0 <= first <= start <= end <= last <= len(text)
    assert estimate_tokens(text[first:start]) <= tokens
    assert estimate_tokens(text[end:last]) <= tokens
