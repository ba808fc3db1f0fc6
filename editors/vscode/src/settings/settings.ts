/** The extension's own settings, read when they are needed. package.json has their defaults. */

import * as vscode from "vscode";
import { forwarded } from "./forwarded";

export const SECTION = "spanfill";

export interface ServerSettings {
  /** Program and first arguments; empty means find it. */
  command: string[];
  /** Environment variables of the server's process. */
  environment: Record<string, string>;
  /** What pip installs where the user asks for it. */
  package: string;
}

function section(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration(SECTION);
}

/** `spanfill.server.*`; a value of the wrong type counts as unset. */
export function serverSettings(): ServerSettings {
  const server = vscode.workspace.getConfiguration(`${SECTION}.server`);
  const command: unknown = server.get("command");
  const words: unknown[] = Array.isArray(command) ? command : [command];
  return {
    command: words.filter((word): word is string => typeof word === "string" && word !== ""),
    environment: server.get<Record<string, string>>("environment", {}),
    package: server.get("package", "spanfill[cpu]"),
  };
}

/** `spanfill.enabled`. */
export function enabled(): boolean {
  return section().get("enabled", true);
}

/** `spanfill.files.disabledLanguages`. */
export function disabledLanguages(): string[] {
  return section().get<string[]>("files.disabledLanguages", []);
}

/** Everything that the server is to know, nested as it expects it. */
export function settingsForServer(): Record<string, unknown> {
  // A configuration object carries methods beside the settings; JSON has the settings alone.
  const all = vscode.workspace.getConfiguration().get<unknown>(SECTION);
  return forwarded(JSON.parse(JSON.stringify(all ?? {})));
}

/** Change a setting where it is set already: in the workspace, else for the user. */
export async function change(name: string, value: unknown): Promise<void> {
  const places = section().inspect(name);
  const target =
    places?.workspaceValue === undefined
      ? vscode.ConfigurationTarget.Global
      : vscode.ConfigurationTarget.Workspace;
  await section().update(name, value, target);
}

/** The first folder of the workspace, if there is one. */
export function workspaceFolder(): string | undefined {
  return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
}
