/** Finding programs in folders and on PATH. Knows the file system and the platform, not the editor. */

import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join, resolve } from "node:path";

const WINDOWS = process.platform === "win32";

/** Whether a file is there and may be run. */
export async function runnable(file: string): Promise<boolean> {
  try {
    await access(file, WINDOWS ? constants.F_OK : constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/** A program's file in a folder, with the extensions that Windows knows; undefined where there is none. */
export async function programIn(folder: string, name: string): Promise<string | undefined> {
  const endings = WINDOWS ? ["", ...(process.env.PATHEXT ?? ".EXE;.CMD;.BAT").split(";")] : [""];
  for (const ending of endings) {
    const file = join(folder, name + ending);
    if (await runnable(file)) {
      return file;
    }
  }
  return undefined;
}

/** A program's file on PATH. Relative folders there are passed over: they are the workspace's. */
export async function onPath(name: string, path = process.env.PATH ?? ""): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const found = isAbsolute(folder) ? await programIn(folder, name) : undefined;
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

/** The folder of a virtual environment that its programs are in. */
export function scriptsOf(environment: string): string {
  return join(environment, WINDOWS ? "Scripts" : "bin");
}

/** A setting's text with `~` and `${workspaceFolder}` filled in. */
export function expanded(text: string, workspaceFolder: string | undefined): string {
  const home = text === "~" || text.startsWith("~/") ? homedir() + text.slice(1) : text;
  return workspaceFolder === undefined ? home : home.replaceAll("${workspaceFolder}", workspaceFolder);
}

/** The file that a command's first word means: a path, or a name on PATH. */
export async function programOf(word: string, folder: string | undefined): Promise<string | undefined> {
  if (!/[\\/]/.test(word)) {
    return onPath(word);
  }
  const file = resolve(folder ?? homedir(), word);
  return (await runnable(file)) ? file : undefined;
}
