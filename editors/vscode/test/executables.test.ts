import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test, type TestContext } from "node:test";
import { expanded, onPath, programOf } from "../src/server/executables";

function folderWith(context: TestContext, name: string, mode: number): string {
  const folder = mkdtempSync(join(tmpdir(), "spanfill-"));
  context.after(() => {
    rmSync(folder, { recursive: true });
  });
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, name), "#!/bin/sh\n");
  chmodSync(join(folder, name), mode);
  return folder;
}

test("a program is the first on PATH that may be run", async (context) => {
  const text = folderWith(context, "tool", 0o644);
  const program = folderWith(context, "tool", 0o755);
  assert.equal(await onPath("tool", [text, "", program].join(delimiter)), join(program, "tool"));
  assert.equal(await onPath("sub", program), undefined, "a folder is no program");
});

test("relative folders on PATH are the workspace's and are passed over", async () => {
  assert.equal(await onPath("sh", "../../../../../../../../../bin"), undefined);
});

test("a command with a slash is a file, from the workspace's folder on", async (context) => {
  const folder = folderWith(context, "tool", 0o755);
  assert.equal(await programOf("./tool", folder), join(folder, "tool"));
  assert.equal(await programOf("./other", folder), undefined);
});

test("settings may name the home and the workspace", () => {
  assert.equal(expanded("~/bin/x", undefined), `${homedir()}/bin/x`);
  assert.equal(expanded("${workspaceFolder}/x", "/w"), "/w/x");
  assert.equal(expanded("a~b", "/w"), "a~b");
});
