"""Where a hole's text ends: the intent of each rule, as an editor's user would see it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.request import MODES, FillRequest, Mode
from runtime.stopping import first_stop, rules_for

BODY = "def total(items):\n    result = 0\n"
AFTER = "    return result\n\n\ndef other(items):\n    return len(items)\n"


def fill(
    written: str,
    *,
    prefix: str = BODY,
    suffix: str = AFTER,
    mode: Mode = "block",
    layout: str = "fim",
    done: bool = False,
) -> str | None:
    """The hole's text once a model has `written` this, character by character; None while it goes on."""
    rules = rules_for(FillRequest(prefix=prefix, suffix=suffix, mode=mode), layout)
    for count in range(1, len(written) + 1):
        text = written[:count]
        stop = first_stop(rules, text, done and count == len(written))
        if stop is not None:
            return text[: stop.cut]
    return None


class TestSuffix:
    LOOP = "    for item in items:\n        result += item\n"

    def test_text_that_goes_on_as_the_suffix_is_cut_before_it(self) -> None:
        assert fill(self.LOOP + AFTER) == self.LOOP

    def test_text_that_does_not_meet_it_goes_on(self) -> None:
        assert fill(self.LOOP) is None

    def test_a_blank_line_of_the_suffix_is_not_doubled(self) -> None:
        suffix = "\n    check_everything(result)\n    return result\n"
        found = fill(self.LOOP + suffix, suffix=suffix)
        assert found is not None
        assert found + suffix == self.LOOP + suffix

    def test_a_suffix_that_begins_inside_a_line(self) -> None:
        found = fill(
            "number in range(10)] + [1, 2, 3]\n",
            prefix="values = [number for ",
            suffix="] + [1, 2, 3]\nprint(values)\n",
            mode="region",
            done=True,
        )
        assert found == "number in range(10)"

    def test_closing_brackets_alone_are_met_at_the_end(self) -> None:
        found = fill("number * 2))", prefix="print(str(", suffix="))\n", mode="region", done=True)
        assert found == "number * 2"

    def test_brackets_of_the_text_itself_are_not_the_suffix(self) -> None:
        assert fill("max(a, b) + min(", prefix="print(", suffix=")\n", mode="region") is None

    def test_the_bracket_that_the_text_did_not_open_is(self) -> None:
        for written in ("max(a, b))\n", "max(a, b)) + 1\n"):
            assert fill(written, prefix="print(", suffix=")\n", mode="region", done=True) == "max(a, b)"

    def test_tabs(self) -> None:
        prefix = "func total(items []int) int {\n\tresult := 0\n"
        loop = "\tfor _, item := range items {\n\t\tresult += item\n\t}\n"
        suffix = "\treturn result * factor\n}\n"
        assert fill(loop + suffix, prefix=prefix, suffix=suffix) == loop

    def test_crlf(self) -> None:
        crlf = [text.replace("\n", "\r\n") for text in (BODY, self.LOOP, AFTER)]
        found = fill(crlf[1] + crlf[2], prefix=crlf[0], suffix=crlf[2])
        assert found is not None
        assert found.split() == self.LOOP.split()

    def test_a_short_line_that_stands_twice_ends_nothing(self) -> None:
        suffix = "        return False\n    return True\n"
        text = "        return False\n    if items[0] > 3:\n"
        assert fill(text, prefix=BODY + "    if not items:\n", suffix=suffix) is None

    def test_what_is_left_at_the_end_of_the_text_is_the_suffixs_beginning(self) -> None:
        assert fill(self.LOOP + "    return res", done=True) == self.LOOP

    @given(hole=st.text("ab (", max_size=12), suffix=st.text("xyz", min_size=20, max_size=40))
    def test_no_text_of_the_suffix_is_ever_left(self, hole: str, suffix: str) -> None:
        found = fill(hole + suffix, prefix="", suffix=suffix, mode="region", done=True)
        assert found is not None
        assert found.rstrip() == hole.rstrip()


class TestLine:
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_the_rest_of_a_line(self, end: str) -> None:
        found = fill(f"a + b{end}next{end}", prefix=f"def f():{end}    return ", suffix=end, mode="line")
        assert found == "a + b"

    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_a_whole_line_keeps_its_break(self, end: str) -> None:
        found = fill(
            f"    x = 1{end}    y = 2{end}", prefix=f"def f():{end}", suffix=f"    return x{end}", mode="line"
        )
        assert found == f"    x = 1{end}"

    def test_a_line_before_a_break_leaves_it_to_the_suffix(self) -> None:
        found = fill("    x = 1\n    y = 2\n", prefix="def f():\n", suffix="\n    return x\n", mode="line")
        assert found == "    x = 1"

    def test_brackets_of_its_own(self) -> None:
        assert fill("max(a, b))\n", prefix="print(", suffix=")\n", mode="line") == "max(a, b)"

    def test_nothing_is_no_line(self) -> None:
        assert fill("\n\n   ", prefix="def f():\n", suffix="", mode="line") is None

    def test_the_rest_of_the_line_behind_the_hole_is_not_doubled(self) -> None:
        found = fill("a, b)\nprint(c)\n", prefix="print(", suffix=")\n", mode="line")
        assert found == "a, b"


class TestScope:
    def test_a_line_that_leaves_the_function_ends_the_hole(self) -> None:
        text = "    for item in items:\n        result += item\n    return result\n"
        found = fill(text + "\n\nclass Other:\n", suffix="")
        assert found is not None
        assert found.rstrip() == text.rstrip()

    def test_inner_blocks_may_end(self) -> None:
        assert fill("        x = 1\n    y = 2\n", prefix=BODY + "    if items:\n", suffix="") is None

    def test_at_the_top_level_anything_may_follow(self) -> None:
        assert fill("import sys\n\n\ndef f():\n    return 1\n\n\nx = f()\n", prefix="", suffix="") is None

    def test_a_closing_bracket_may_stand_further_out(self) -> None:
        prefix = "class A:\n    def f(self):\n        return g(\n"
        assert fill("            1,\n        )\n", prefix=prefix, suffix="", mode="function") is None

    def test_the_first_line_of_a_hole_inside_a_line_is_not_judged(self) -> None:
        assert fill("items)\n    return 1\n", prefix="def f(items):\n    x = g(", suffix="") is None

    def test_a_function_in_braces(self) -> None:
        text = "    let sum = 0;\n    for (const n of ns) {\n        sum += n;\n    }\n    return sum;\n"
        found = fill(text + "}\n", prefix="function total(ns) {\n", suffix="", mode="function")
        assert found is not None
        assert found.rstrip() == text.rstrip()

    def test_tabs_are_deep(self) -> None:
        text = "\tsum := 0\n\tfor _, n := range ns {\n\t\tsum += n\n\t}\n\treturn sum\n"
        found = fill(text + "}\n", prefix="func total(ns []int) int {\n", suffix="", mode="function")
        assert found is not None
        assert found.rstrip() == text.rstrip()


class TestRepetition:
    def test_the_same_line_over_and_over_is_written_once(self) -> None:
        line = "    items.append(1)\n"
        found = fill("    x = 1\n" + line * 9)
        assert found is not None
        assert found.count("append") == 1

    def test_a_stretch_that_goes_round(self) -> None:
        found = fill("x = " + "[0, 1], " * 12, prefix="", suffix="")
        assert found is not None
        assert found.count("[0, 1]") <= 2

    def test_blank_lines_and_rules_of_dashes_are_no_loop_too_soon(self) -> None:
        assert fill("    # ------------\n    a = 1\n\n\n    b = 2\n") is None


class TestChat:
    def test_the_fence_ends_the_answer(self) -> None:
        text = "    return sum(items)\n"
        found = fill(text + "```\nThis function", suffix="", mode="function", layout="chat")
        assert found == text

    def test_an_empty_answer(self) -> None:
        assert fill("```", suffix="", mode="function", layout="chat") == ""

    def test_elsewhere_a_fence_is_text(self) -> None:
        assert fill("```\ncode\n", prefix="# Title\n", suffix="", mode="block") is None


@given(
    prefix=st.text(" \t\r\nab:()", max_size=20),
    written=st.text(" \t\r\nab:()`", max_size=40),
    suffix=st.text(" \t\r\nab:()", max_size=20),
    mode=st.sampled_from(MODES),
    layout=st.sampled_from(["fim", "chat", "plain"]),
    done=st.booleans(),
)
def test_what_is_kept_is_a_beginning_of_what_was_written(
    prefix: str, written: str, suffix: str, mode: Mode, layout: str, done: bool
) -> None:
    found = fill(written, prefix=prefix, suffix=suffix, mode=mode, layout=layout, done=done)
    assert found is None or written.startswith(found)
