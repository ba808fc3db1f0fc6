import assert from "node:assert/strict";
import { test } from "node:test";
import { Timings } from "../src/timings";

test("handlers are timed each for itself, those that fail too", () => {
  const timings = new Timings();
  assert.equal(
    timings.measure("didChange", () => 7),
    7,
  );
  assert.throws(() =>
    timings.measure("cursors", () => {
      throw new Error("broken");
    }),
  );
  const report = timings.report(true);
  assert.deepEqual(Object.keys(report).sort(), ["cursors", "didChange"]);
  assert.deepEqual(timings.report(), {});
});
