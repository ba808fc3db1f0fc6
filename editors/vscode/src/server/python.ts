/** The active Python environment, as Microsoft's Python extension knows it. Does without where it is absent. */

import { dirname } from "node:path";
import * as vscode from "vscode";

/** The part used of the Python extension's API. */
interface PythonApi {
  environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(
      path: { path: string } | string,
    ): Promise<{ executable: { uri: vscode.Uri | undefined } } | undefined>;
    onDidChangeActiveEnvironmentPath(listener: () => void): vscode.Disposable;
  };
}

async function pythonApi(): Promise<PythonApi | undefined> {
  const extension = vscode.extensions.getExtension<PythonApi>("ms-python.python");
  return extension && (await extension.activate());
}

/** The interpreter of the active environment; undefined where none is chosen. */
export async function activeInterpreter(): Promise<string | undefined> {
  try {
    const environments = (await pythonApi())?.environments;
    const resource = vscode.window.activeTextEditor?.document.uri;
    const active = environments?.getActiveEnvironmentPath(resource);
    const environment = active && (await environments?.resolveEnvironment(active));
    return environment?.executable.uri?.fsPath;
  } catch {
    return undefined; // an interpreter that another extension can't tell is one that is not there
  }
}

/** The folder in which an interpreter's scripts are. */
export function scriptsBeside(interpreter: string): string {
  return dirname(interpreter);
}
