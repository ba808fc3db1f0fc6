import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { forwarded } from "../src/settings/forwarded";

interface Property {
  default: unknown;
  minimum?: number;
  maximum?: number;
  enum?: string[];
}

interface Manifest {
  contributes: { configuration: { properties: Record<string, Property> }[] };
}

/** Tests run from the extension's folder. */
const ROOT = process.cwd();
const MANIFEST = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;
const PROPERTIES = Object.assign(
  {},
  ...MANIFEST.contributes.configuration.map((group) => group.properties),
) as Record<string, Property>;

/** The settings in docs/protocol.md: `| key | default | values |`. */
function documented(): Map<string, { value: unknown; range: string }> {
  const text = readFileSync(join(ROOT, "..", "..", "docs", "protocol.md"), "utf8");
  const section = text.slice(text.indexOf("\n## Settings"));
  const rows = section.matchAll(/^\| `([\w.]+)` \| ([^|]+) \| ([^|]+) \|/gm);
  const settings = new Map<string, { value: unknown; range: string }>();
  for (const [, key = "", value = "", range = ""] of rows) {
    settings.set(key, { value: JSON.parse(value.trim().replaceAll("`", "")), range: range.trim() });
  }
  return settings;
}

/** It makes the server answer for clients without ghost text; this one has it. */
const LEFT_OUT = "completion.fallback";

test("the server's settings are all there, with the server's defaults and limits", () => {
  const theirs = documented();
  assert.ok(theirs.size > 20, "the table of settings was found");
  theirs.delete(LEFT_OUT);
  for (const [key, { value, range }] of theirs) {
    const property = PROPERTIES[`spanfill.${key}`];
    assert.ok(property, `${key} is missing`);
    assert.deepEqual(property.default, value, `the default of ${key}`);
    const limits = /^([\d.,]+) to ([\d.,]+|10⁶)$/.exec(range);
    if (limits) {
      const [low, high] = limits
        .slice(1)
        .map((text) => Number(text.replace("10⁶", "1e6").replaceAll(",", "")));
      assert.deepEqual([property.minimum, property.maximum], [low, high], `the limits of ${key}`);
    }
  }
});

test("settings that the server does not know are the extension's own", () => {
  const theirs = documented();
  const others = Object.keys(PROPERTIES)
    .map((key) => key.replace("spanfill.", ""))
    .filter((key) => !theirs.has(key));
  assert.deepEqual(
    others.filter((key) => !/^(server|trace)\./.test(key)),
    [],
  );
});

test("the extension's own settings and unset groups are not forwarded", () => {
  const section = { enabled: true, server: { command: [] }, trace: { server: "off" }, model: { name: null } };
  assert.deepEqual(forwarded(section), { enabled: true, model: { name: null } });
  assert.deepEqual(forwarded(undefined), {});
});
