import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../src/server/backoff";

test("pauses grow, and the fifth crash in a row is the last", () => {
  const backoff = new Backoff();
  const pauses = [0, 1, 2, 3, 4].map((second) => backoff.crashed(second * 1000));
  assert.deepEqual(pauses, [500, 1000, 2000, 4000, undefined]);
});

test("crashes of long ago do not count", () => {
  const backoff = new Backoff();
  backoff.crashed(0);
  backoff.crashed(1000);
  assert.equal(backoff.crashed(400_000), 500);
});

test("a start that the user asks for begins anew", () => {
  const backoff = new Backoff();
  for (let crash = 0; crash < 5; crash += 1) backoff.crashed(crash);
  backoff.reset();
  assert.equal(backoff.crashed(10), 500);
});
