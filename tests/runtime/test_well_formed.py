"""The syntax constraint: right text is never in its way, whatever the order; broken text is."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.canvas import Canvas
from runtime.constraints.base import Constraint, Unconstrained
from runtime.constraints.registry import make_constraint
from runtime.constraints.well_formed import WellFormed
from runtime.errors import UsageError
from runtime.tokenizer import Tokenizer

TOKENIZER = Tokenizer(Path(__file__).parents[1] / "models" / "tiny-denoiser" / "tokenizer.json")

SOURCES = {
    "python": '''import re
from dataclasses import dataclass


@dataclass
class Item:
    """One thing; "quoted" and 'quoted'."""

    name: str
    price: float = 0.0

    def label(self, width: int = 10) -> str:
        if self.price > 1 and not self.name.startswith("#"):
            return f"{self.name:>{width}} costs {self.price!r}"
        elif self.price == 0:
            return r"\\d+" + \'\'\'free
of charge\'\'\'
        else:
            parts = [part.strip() for part in re.split(r"[,;]", self.name) if part]
            return ", ".join(
                parts[:3],  # the first ones
            )


def total(items, *, tax=lambda price: price * 1.2):
    result = 0
    for index, item in enumerate(items):
        try:
            result += tax(item.price)
        except (TypeError, ValueError) as error:
            raise RuntimeError(index) from error
    return {"sum": result, "count": len(items)}
''',
    "typescript": """import { readFile } from "fs";

export interface Item<T extends object = {}> {
  name: string;
  readonly price?: number;
  tags: Array<keyof T>;
}

export class Cart<T extends object> {
  private items: Item<T>[] = [];

  constructor(private readonly limit = 10) {}

  async add(item: Item<T>): Promise<number> {
    if (this.items.length >= this.limit) {
      throw new Error(`no room for ${item.name} (${this.limit})`);
    }
    this.items.push({ ...item, price: item.price ?? 0 });
    return this.items.reduce((sum, { price = 0 }) => sum + price, 0);
  }

  get names(): string[] {
    // regular expressions are hard
    return this.items.map((item) => item.name.replace(/[/"']+/g, "-"));
  }
}
""",
    "rust": """use std::collections::HashMap;

#[derive(Debug, Clone)]
pub struct Item<'a> {
    name: &'a str,
    price: f64,
}

impl<'a> Item<'a> {
    pub fn label(&self, width: usize) -> String {
        let mark = if self.price > 1.0 { '!' } else { '\\'' };
        format!("{:>width$}{mark} {}", self.name, r#"a "raw" text"#)
    }
}

/// The sum of all prices.
pub fn total(items: &[Item<'_>]) -> Result<f64, String> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    'outer: for item in items.iter().filter(|item| item.price >= 0.0) {
        *seen.entry(item.name).or_insert(0) += 1;
        match seen.get(item.name) {
            Some(n) if *n > 2 => continue 'outer,
            Some(_) => {}
            None => return Err(format!("lost {}", item.name)),
        }
    }
    Ok(items.iter().map(|i| i.price).sum::<f64>())
}
""",
}

END = 0


def constraint(prefix: str, suffix: str, language: str) -> WellFormed:
    # Time is no judge here: the machine may be busy.
    return WellFormed(prefix, suffix, language, TOKENIZER, frozenset({END}), budget_ms=1e6)


def holes(language: str, count: int, seed: int) -> Iterator[tuple[str, str, str]]:
    """Prefix, text and suffix: whole lines, or cut anywhere."""
    source, choose = SOURCES[language], random.Random(seed)
    starts = [0, *(at + 1 for at, char in enumerate(source) if char == "\n")]
    for number in range(count):
        if number % 2:
            first, last = sorted(choose.sample(starts, 2))
            last = min(last, starts[min(starts.index(first) + 4, len(starts) - 1)])
        else:
            first = choose.randrange(len(source) - 2)
            last = min(len(source), first + choose.randrange(1, 60))
        yield source[:first], source[first:last], source[last:]


def orders(count: int, choose: random.Random) -> list[int]:
    order = list(range(count))
    if choose.random() < 0.7:
        choose.shuffle(order)
    return order


@pytest.mark.parametrize("language", SOURCES)
def test_right_text_is_admitted_token_by_token_in_any_order(language: str) -> None:
    choose = random.Random(1)
    asked = 0
    for prefix, text, suffix in holes(language, 60, seed=2):
        tokens = [*TOKENIZER.encode(text), END]
        judge, canvas = constraint(prefix, suffix, language), Canvas(len(tokens))
        for slot in orders(len(tokens), choose):
            assert judge.admits(canvas, slot, tokens[slot]), (prefix[-60:], text, tokens[slot])
            canvas.commit(slot, tokens[slot], -0.1)
            asked += 1
    assert asked > 500


def admitted(judge: Constraint, tokens: Sequence[int], order: Sequence[int]) -> bool:
    canvas = Canvas(len(tokens))
    for slot in order:
        if not judge.admits(canvas, slot, tokens[slot]):
            return False
        canvas.commit(slot, tokens[slot], -0.1)
    return True


@pytest.mark.parametrize(
    ("language", "prefix", "wrong", "right", "suffix"),
    [
        ("python", "x = (1, ", "2]\n", "2)\n", "y = 3\n"),
        ("python", "value = ", "def\n", "deaf\n", "y = 3\n"),
        ("python", "def f(a):\n", "return a\n", "    return a\n", "\n\nprint(f(1))\n"),
        ("python", "if x:\n    y = 1\n", "   else:\n", "else:\n", "    y = 2\n"),
        ("python", 'name = f"{', 'x"\n', 'x}"\n', "y = 1\n"),
        ("typescript", "function f(a: number) {\n", "  return a);\n", "  return (a);\n", "}\n"),
        ("typescript", "const x = ", "[1, 2};\n", "[1, 2];\n", "const y = 1;\n"),
        ("rust", "fn f(a: i32) -> i32 {\n", "    a + )\n", "    a + 1\n", "}\n"),
        ("rust", "fn f() {\n    let x = ", "vec![1, 2};\n", "vec![1, 2];\n", "}\n"),
    ],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_broken_text_is_rejected_before_the_hole_is_full(
    language: str, prefix: str, wrong: str, right: str, suffix: str, backwards: bool
) -> None:
    for text, expected in ((wrong, False), (right, True)):
        tokens = TOKENIZER.encode(text)
        order = range(len(tokens))[:: -1 if backwards else 1]
        assert admitted(constraint(prefix, suffix, language), tokens, order) is expected


def test_a_file_that_is_broken_elsewhere_is_still_filled() -> None:
    prefix = "def broken(:\n    )\n\n\n" + SOURCES["python"]
    tokens = TOKENIZER.encode("print(total([]))\n")
    assert admitted(constraint(prefix, "y = 1\n\n\nclass (:\n", "python"), tokens, range(len(tokens)))


def test_parts_of_a_character_wait_for_the_rest() -> None:
    tokens = TOKENIZER.encode('"größe → 🎈"\n')
    assert len(tokens) > 8, "characters that are several tokens"
    for order in (range(len(tokens)), range(len(tokens))[::-1]):
        assert admitted(constraint("name = ", "\n", "python"), tokens, order)


@settings(max_examples=150, deadline=None)
@given(
    prefix=st.text(max_size=60),
    suffix=st.text(max_size=60),
    language=st.sampled_from(sorted(SOURCES)),
    data=st.data(),
)
def test_any_text_gets_an_answer(prefix: str, suffix: str, language: str, data: st.DataObject) -> None:
    judge, canvas = constraint(prefix, suffix, language), Canvas(6)
    for _ in range(6):
        slot = data.draw(st.sampled_from(canvas.masked))
        token = data.draw(st.integers(3, 4095))
        assert judge.admits(canvas, slot, token) in (True, False)
        canvas.commit(slot, token, -0.1)


class TestNames:
    def make(self, name: str, language: str) -> Constraint:
        return make_constraint(name, prefix="", suffix="", language=language, tokenizer=TOKENIZER)

    def test_by_name(self) -> None:
        assert isinstance(self.make("none", "python"), Unconstrained)
        assert isinstance(self.make("syntax", "python"), WellFormed)
        assert isinstance(self.make("auto", "rust"), WellFormed)
        assert isinstance(self.make("auto", "cobol"), Unconstrained)

    def test_what_does_not_exist_is_refused(self) -> None:
        with pytest.raises(UsageError, match="no grammar for the language 'cobol'"):
            self.make("syntax", "cobol")
        with pytest.raises(UsageError, match="no constraint 'grammar'"):
            self.make("grammar", "python")
