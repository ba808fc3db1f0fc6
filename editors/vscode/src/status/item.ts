/** The status bar item. Draws what `appearance.ts` says and opens the menu. */

import * as vscode from "vscode";
import { appearance, milliseconds, type Situation } from "./appearance";

export class StatusItem implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;

  constructor() {
    this.item = vscode.window.createStatusBarItem("status", vscode.StatusBarAlignment.Right, 90);
    this.item.name = "spanfill";
    this.item.command = "spanfill.menu";
    this.item.show();
  }

  show(situation: Situation): void {
    const { text, label, alarm } = appearance(situation);
    this.item.text = text;
    this.item.accessibilityInformation = { label };
    this.item.tooltip = tooltip(label, situation);
    this.item.backgroundColor = alarm && new vscode.ThemeColor(`statusBarItem.${alarm}Background`);
  }

  dispose(): void {
    this.item.dispose();
  }
}

function tooltip(label: string, { engine, life }: Situation): vscode.MarkdownString {
  const tip = new vscode.MarkdownString();
  tip.appendText(label);
  const rows = [
    ["Model", engine?.model],
    ["Device", engine?.device],
    ["Last fill", engine ? milliseconds(engine.lastMs) : undefined],
    ["", life.detail ?? engine?.detail],
  ];
  for (const [name, value] of rows) {
    if (value) {
      tip.appendMarkdown("\n\n").appendText(name ? `${name}: ${value}` : value);
    }
  }
  return tip;
}
