import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineStatus } from "../src/server/protocol";
import { appearance, milliseconds, type Situation } from "../src/status/appearance";

const ENGINE: EngineStatus = {
  state: "ready",
  model: "qwen",
  device: "cpu",
  detail: null,
  lastMs: 126.4,
  paused: false,
};

function label(situation: Partial<Situation>): string {
  const base: Situation = {
    enabled: true,
    life: { phase: "running" },
    engine: ENGINE,
    pausedLanguage: undefined,
  };
  return appearance({ ...base, ...situation }).label;
}

test("each state has its words", () => {
  assert.equal(label({}), "spanfill: ready, cpu, 126 ms");
  assert.equal(label({ engine: { ...ENGINE, lastMs: null } }), "spanfill: ready, cpu");
  assert.equal(label({ engine: undefined }), "spanfill: loading");
  assert.equal(label({ engine: { ...ENGINE, state: "busy" } }), "spanfill: busy");
  assert.equal(label({ engine: { ...ENGINE, state: "unloaded" } }), "spanfill: model not in memory");
  assert.equal(label({ life: { phase: "waiting" } }), "spanfill: starting");
  assert.equal(label({ life: { phase: "missing" } }), "spanfill: not installed");
});

test("what needs the user comes before what does not", () => {
  const broken = { ...ENGINE, state: "error" as const, paused: true };
  assert.equal(label({ engine: broken }), "spanfill: error");
  assert.equal(label({ engine: { ...ENGINE, paused: true }, pausedLanguage: "python" }), "spanfill: paused");
  assert.equal(label({ pausedLanguage: "python" }), "spanfill: paused for python");
  assert.equal(label({ enabled: false, life: { phase: "failed" } }), "spanfill: disabled");
});

test("errors are coloured", () => {
  const situation: Situation = {
    enabled: true,
    life: { phase: "failed" },
    engine: undefined,
    pausedLanguage: undefined,
  };
  assert.equal(appearance(situation).alarm, "error");
});

test("a second and more is told in seconds", () => {
  assert.equal(milliseconds(999.4), "999 ms");
  assert.equal(milliseconds(1139), "1.1 s");
  assert.equal(milliseconds(null), undefined);
});
