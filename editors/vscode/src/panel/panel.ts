/**
 * The panel beside the editor, for explanations, statistics and the doctor's findings.
 *
 * Shows text alone: its pages have no scripts, load nothing, and the policy in them says so.
 */

import * as vscode from "vscode";
import { page } from "./page";

export class Panel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;

  /** Show Markdown under a title, in the panel that is open or in a new one. */
  async show(title: string, markdown: string): Promise<void> {
    const body = await rendered(markdown);
    this.panel ??= this.opened();
    this.panel.title = title;
    this.panel.webview.html = page(title, body);
    this.panel.reveal(undefined, true);
  }

  private opened(): vscode.WebviewPanel {
    const panel = vscode.window.createWebviewPanel(
      "spanfill.panel",
      "spanfill",
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: false, enableFindWidget: true, localResourceRoots: [] },
    );
    panel.onDidDispose(() => {
      this.panel = undefined;
    });
    return panel;
  }

  dispose(): void {
    this.panel?.dispose();
  }
}

/** Markdown as HTML by the editor's own renderer; undefined where that is switched off. */
async function rendered(markdown: string): Promise<string> {
  try {
    return await vscode.commands.executeCommand<string>("markdown.api.render", markdown);
  } catch {
    return `<pre>${escaped(markdown)}</pre>`;
  }
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign] ?? sign);
}
