import assert from "node:assert/strict";
import { test } from "node:test";
import { layOut, merged, type Layout } from "../src/canvas/layout";
import type { Position, Slot } from "../src/server/protocol";

/** The text between two positions, found as an editor finds it: line by line. */
function textAt(content: string, start: Position, end: Position): string {
  const lines = content.split(/\r\n|\n|\r/);
  if (start.line === end.line) return (lines[start.line] ?? "").slice(start.character, end.character);
  const middle = lines.slice(start.line + 1, end.line);
  return [
    (lines[start.line] ?? "").slice(start.character),
    ...middle,
    (lines[end.line] ?? "").slice(0, end.character),
  ].join("\n");
}

function drawn({ content, runs }: Layout): [string, string][] {
  return runs.map(({ state, range }) => [state, textAt(content, range.start, range.end)]);
}

function slots(...pairs: [string, Slot["state"]][]): Slot[] {
  return pairs.map(([text, state]) => ({ text, state }));
}

test("neighbours of one state are one run, and slots without text are none", () => {
  const found = merged(
    slots(["a", "draft"], ["", "masked"], ["b", "draft"], ["░", "masked"], ["░", "masked"]),
  );
  assert.deepEqual(found, slots(["ab", "draft"], ["░░", "masked"]));
});

test("merging leaves the slots that came in as they were", () => {
  const given = slots(["a", "draft"], ["b", "draft"]);
  merged(given);
  assert.equal(given[0]?.text, "a");
});

test("a canvas stands between what is before and after the hole", () => {
  const around = { before: "def f():\n    ", after: "\nf()\n", start: { line: 1, character: 4 } };
  const layout = layOut(around, slots(["x = 1\n    ", "committed"], ["return", "draft"], ["░", "masked"]));
  assert.equal(layout.content, "def f():\n    x = 1\n    return░\nf()\n");
  assert.deepEqual(layout.filled, { start: { line: 1, character: 4 }, end: { line: 2, character: 11 } });
  assert.deepEqual(drawn(layout), [
    ["committed", "x = 1\n    "],
    ["draft", "return"],
    ["masked", "░"],
  ]);
});

test("tabs, wide characters and emoji count in UTF-16 code units", () => {
  const around = { before: "\t名 = ", after: "", start: { line: 0, character: 5 } };
  const layout = layOut(around, slots(["'👩‍💻'", "committed"], ["\t", "draft"], ["░", "masked"]));
  assert.deepEqual(drawn(layout), [
    ["committed", "'👩‍💻'"],
    ["draft", "\t"],
    ["masked", "░"],
  ]);
  assert.equal(layout.filled.end.character, 5 + "'👩‍💻'".length + 2);
});

for (const eol of ["\n", "\r\n", "\r"]) {
  test(`line breaks ${JSON.stringify(eol)} are one each`, () => {
    const around = { before: `a${eol}`, after: `${eol}b`, start: { line: 1, character: 0 } };
    const layout = layOut(around, slots([`x${eol}`, "committed"], [`y${eol}z`, "draft"]));
    assert.deepEqual(drawn(layout), [
      ["committed", "x\n"],
      ["draft", "y\nz"],
    ]);
    assert.deepEqual(layout.filled.end, { line: 3, character: 1 });
  });
}

test("a line break split over two slots is still one", () => {
  const around = { before: "", after: "", start: { line: 0, character: 0 } };
  const layout = layOut(around, slots(["x\r", "committed"], ["\ny", "draft"]));
  assert.deepEqual(drawn(layout), [
    ["committed", "x"],
    ["draft", "\ny"],
  ]);
  assert.deepEqual(layout.filled.end, { line: 1, character: 1 });
});

test("an empty canvas is an empty range", () => {
  const start = { line: 2, character: 3 };
  const layout = layOut({ before: "a\nb\nccc", after: "d", start }, []);
  assert.deepEqual(layout, { content: "a\nb\ncccd", filled: { start, end: start }, runs: [] });
});
