// Bundles the extension to dist/, or with --tests the unit tests to build/test/.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const common = { absWorkingDir: root, bundle: true, platform: "node", format: "cjs", target: "node20" };

if (process.argv.includes("--tests")) {
  rmSync(join(root, "build", "test"), { recursive: true, force: true });
  const tests = readdirSync(join(root, "test")).filter((name) => name.endsWith(".test.ts"));
  await build({
    ...common,
    entryPoints: tests.map((name) => join("test", name)),
    outdir: "build/test",
    sourcemap: "inline",
    logLevel: "warning",
  });
} else {
  const watch = process.argv.includes("--watch");
  const extension = {
    ...common,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    external: ["vscode"],
    minify: !watch,
    sourcemap: watch,
    logLevel: "info",
  };
  if (watch) {
    await (await context(extension)).watch();
  } else {
    await build(extension);
  }
}
