import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "../src/panel/page";
import { findingsTable, statisticsTable } from "../src/panel/tables";

test("a page loads nothing and runs nothing", () => {
  const html = page("A <b>title</b>", "<p>body</p>");
  assert.match(html, /Content-Security-Policy" content="default-src 'none';/);
  assert.doesNotMatch(html, /script-src|<script|<b>/);
});

test("failed checks stand out, and nothing breaks the table", () => {
  const checks = [
    { name: "python", ok: true, detail: "3.12" },
    { name: "model", ok: false, detail: "missing |\nrun `spanfill models pull`" },
  ];
  const text = findingsTable({ ok: false, checks });
  assert.match(text, /^Something is missing:/);
  assert.match(text, /\| \*\*✗\*\* \| model \| missing \\\| run `spanfill models pull` \|$/);
});

test("what was not counted is a dash", () => {
  const none = { acceptance: null, tokensPerPass: null, cacheHits: null, latencyMs: null, overheadMs: null };
  const zero = { fills: 0, offered: 0, shown: 0, accepted: 0, rejected: 0, reused: 0, cancelled: 0 };
  const text = statisticsTable({ ...none, ...zero });
  assert.match(text, /\| Share accepted \| – \|/);
  assert.match(statisticsTable({ ...none, ...zero, acceptance: 0.254 }), /\| Share accepted \| 25 % \|/);
});
