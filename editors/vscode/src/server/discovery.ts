/**
 * Finding the server: the setting, the active Python environment, PATH, and the environment that this
 * extension made. Starts nothing.
 */

import * as vscode from "vscode";
import { serverSettings, workspaceFolder } from "../settings/settings";
import { expanded, onPath, programIn, programOf, scriptsOf } from "./executables";
import { activeInterpreter, scriptsBeside } from "./python";

const NAME = "spanfill";

export type Source = "setting" | "python" | "path" | "private";

/** Where the server is, or why it can't be found. */
export type Discovery =
  | { kind: "found"; command: string[]; source: Source }
  | { kind: "missing" }
  | { kind: "wrong"; message: string };

/** The virtual environment that `installation.ts` makes after the user has agreed. */
export function privateEnvironment(context: vscode.ExtensionContext): string {
  return vscode.Uri.joinPath(context.globalStorageUri, "venv").fsPath;
}

/** Look for the server in the order that the README gives. */
export async function discover(context: vscode.ExtensionContext): Promise<Discovery> {
  const configured = serverSettings().command;
  if (configured.length > 0) {
    return fromSetting(configured);
  }
  const candidates: [Source, () => Promise<string | undefined>][] = [
    ["python", inPythonEnvironment],
    ["path", () => onPath(NAME)],
    ["private", () => programIn(scriptsOf(privateEnvironment(context)), NAME)],
  ];
  for (const [source, look] of candidates) {
    const program = await look();
    if (program !== undefined) {
      return { kind: "found", command: [program], source };
    }
  }
  return { kind: "missing" };
}

async function fromSetting(configured: string[]): Promise<Discovery> {
  const folder = workspaceFolder();
  const [first = "", ...rest] = configured.map((word) => expanded(word, folder));
  const program = await programOf(first, folder);
  if (program === undefined) {
    const message = `The setting spanfill.server.command names “${first}”, which is no program here.`;
    return { kind: "wrong", message };
  }
  return { kind: "found", command: [program, ...rest], source: "setting" };
}

async function inPythonEnvironment(): Promise<string | undefined> {
  // A workspace that is not trusted must not choose what runs, and its environment is part of it.
  if (!vscode.workspace.isTrusted) {
    return undefined;
  }
  const interpreter = await activeInterpreter();
  return interpreter && programIn(scriptsBeside(interpreter), NAME);
}
