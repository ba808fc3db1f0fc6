// Bundles the extension to dist/, or with --tests the unit tests to build/test/.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const common = { absWorkingDir: root, bundle: true, platform: "node", format: "cjs", target: "node20" };

/** The licences of the packages that are bundled, which ask for being passed on with them. */
function notices(inputs) {
  const packages = inputs.map((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  const texts = [...new Set(packages)].filter(Boolean).map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    const file = readdirSync(join(root, folder)).find((one) => /^licen[cs]e/i.test(one));
    if (file === undefined) throw new Error(`${name} has no licence file`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(root, folder, file), "utf8").trim()}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

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
    const { metafile } = await build({ ...extension, metafile: true });
    writeFileSync(join(root, "dist", "NOTICES.txt"), notices(Object.keys(metafile.inputs)));
  }
}
