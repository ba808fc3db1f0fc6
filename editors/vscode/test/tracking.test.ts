import assert from "node:assert/strict";
import { test } from "node:test";
import { Tracking } from "../src/suggestions/tracking";

function tracked(): { tracking: Tracking; told: string[] } {
  const told: string[] = [];
  const tracking = new Tracking({
    shown: (id) => told.push(`shown ${id}`),
    accepted: (id, length) => told.push(`accepted ${id} ${length}`),
    rejected: (id) => told.push(`rejected ${id}`),
  });
  return { tracking, told };
}

test("typing along keeps a suggestion, whose rest is what is accepted", () => {
  const { tracking, told } = tracked();
  tracking.answered("a", 1, { id: "s1", length: 9 });
  tracking.answered("a", 1, { id: "s1", length: 8 });
  tracking.accepted("s1");
  assert.deepEqual(told, ["shown s1", "accepted s1 8"]);
});

test("another suggestion, or none, takes the place of the one before", () => {
  const { tracking, told } = tracked();
  tracking.answered("a", 1, { id: "s1", length: 1 });
  tracking.answered("a", 1, { id: "s2", length: 1 });
  tracking.answered("a", 1, undefined);
  assert.deepEqual(told, ["shown s1", "rejected s1", "shown s2", "rejected s2"]);
});

test("a cursor leaves a suggestion by its line or its file", () => {
  const { tracking } = tracked();
  assert.equal(tracking.left("a", 5), false);
  tracking.answered("a", 1, { id: "s1", length: 1 });
  assert.equal(tracking.left("a", 1), false);
  assert.equal(tracking.left("a", 2), true);
  assert.equal(tracking.left("b", 1), true);
});

test("what was accepted is not rejected afterwards", () => {
  const { tracking, told } = tracked();
  tracking.answered("a", 1, { id: "s1", length: 4 });
  tracking.accepted("s1");
  tracking.reject();
  assert.deepEqual(told, ["shown s1", "accepted s1 4"]);
});

test("a suggestion picked from several is accepted under its own id", () => {
  const { tracking, told } = tracked();
  tracking.answered("a", 1, { id: "s1", length: 4 });
  tracking.accepted("s2");
  assert.deepEqual(told.slice(1), ["accepted s2 0"]);
});
