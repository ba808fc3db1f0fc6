/**
 * The texts of canvas editors: read-only documents that stand in for a file while it is being filled.
 *
 * The file itself is not touched. Its stand-in has the file's name and language, so that it looks the same.
 */

import { basename, dirname, join } from "node:path/posix";
import * as vscode from "vscode";

export const SCHEME = "spanfill-canvas";

export class CanvasContent implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly texts = new Map<string, string>();
  private readonly registration: vscode.Disposable;

  readonly onDidChange = this.changed.event;

  constructor() {
    // The event has to be there by now: the editor asks for it once.
    this.registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  /** The stand-in's address: the same for every fill of a document. */
  uriFor(source: vscode.Uri): vscode.Uri {
    const path = join(dirname(source.path), `spanfill: ${basename(source.path)}`);
    return vscode.Uri.from({ scheme: SCHEME, path: join("/", path), query: source.toString() });
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? "";
  }

  set(uri: vscode.Uri, text: string): void {
    this.texts.set(uri.toString(), text);
    this.changed.fire(uri);
  }

  forget(uri: vscode.Uri): void {
    this.texts.delete(uri.toString());
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}

/** Close the tabs of a stand-in, or of all of them: those that a reloaded window has brought back are empty. */
export async function closeTabs(uri?: vscode.Uri): Promise<void> {
  const tabs = vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .filter((tab) => showsCanvas(tab, uri));
  // Whoever was looking at the canvas is to go on in the file, and nobody else is to be moved.
  const watched = tabs.some((tab) => tab.isActive && tab.group.isActive);
  await vscode.window.tabGroups.close(tabs, !watched);
}

/** Whether a tab shows a stand-in, or the one with this address. */
export function showsCanvas(tab: vscode.Tab, uri?: vscode.Uri): boolean {
  const shown = tab.input instanceof vscode.TabInputText ? tab.input.uri : undefined;
  return shown?.scheme === SCHEME && (uri === undefined || shown.toString() === uri.toString());
}
