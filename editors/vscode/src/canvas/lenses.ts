/** The line above a canvas: what is going on, and at the end what can be done. */

import * as vscode from "vscode";
import type { FillStatistics } from "../server/protocol";
import { milliseconds } from "../status/appearance";
import { SCHEME } from "./content";

export type Stage = { name: "filling" } | { name: "ready"; statistics: FillStatistics; again: boolean };

export class Lenses implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly registration: vscode.Disposable;
  private shown: { line: number; stage: Stage } | undefined;

  readonly onDidChangeCodeLenses = this.changed.event;

  constructor() {
    // The event has to be there by now: the editor asks for it once.
    this.registration = vscode.languages.registerCodeLensProvider({ scheme: SCHEME }, this);
  }

  /** Show a stage above a line of the stand-in, or nothing. */
  show(line: number, stage: Stage): void {
    this.shown = { line, stage };
    this.changed.fire();
  }

  provideCodeLenses(): vscode.CodeLens[] {
    if (this.shown === undefined) return [];
    const { line, stage } = this.shown;
    const range = new vscode.Range(line, 0, line, 0);
    return commandsOf(stage).map((command) => new vscode.CodeLens(range, command));
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}

function commandsOf(stage: Stage): vscode.Command[] {
  if (stage.name === "filling") {
    return [{ title: "$(sync~spin) Filling… (Esc stops)", command: "spanfill.canvas.discard" }];
  }
  const { tokens, passes, totalMs } = stage.statistics;
  const facts = `${tokens} tokens, ${passes} passes, ${milliseconds(totalMs) ?? ""}`;
  return [
    { title: "$(check) Accept (Tab)", command: "spanfill.canvas.accept" },
    { title: "$(refresh) Fill again", command: "spanfill.canvas.regenerate" },
    { title: "$(close) Discard (Esc)", command: "spanfill.canvas.discard" },
    { title: stage.again ? `the same again: ${facts}` : facts, command: "" },
  ];
}
