/** The colours of a canvas. The theme can change them: package.json contributes their names. */

import * as vscode from "vscode";
import type { Range, SlotState } from "../server/protocol";
import type { Layout } from "./layout";

/** A run's colour does not spread to what is written beside it before the next pass is painted. */
const rangeBehavior = vscode.DecorationRangeBehavior.ClosedClosed;

const STATES: readonly SlotState[] = ["masked", "draft", "committed"];

export class Paint implements vscode.Disposable {
  private readonly types: Record<SlotState, vscode.TextEditorDecorationType> = {
    masked: vscode.window.createTextEditorDecorationType({
      rangeBehavior,
      color: colour("maskedForeground"),
    }),
    draft: vscode.window.createTextEditorDecorationType({
      rangeBehavior,
      color: colour("draftForeground"),
      fontStyle: "italic",
    }),
    committed: vscode.window.createTextEditorDecorationType({
      rangeBehavior,
      backgroundColor: colour("settledBackground"),
      border: "1px solid",
      borderColor: colour("settledBorder"),
      overviewRulerColor: colour("settledBackground"),
      overviewRulerLane: vscode.OverviewRulerLane.Center,
    }),
  };
  private readonly waiting = vscode.window.createTextEditorDecorationType({
    backgroundColor: colour("settledBackground"),
    after: { contentText: "  reading…", color: colour("maskedForeground"), fontStyle: "italic" },
  });

  /** Colour the slots of a layout that an editor shows. */
  slots(editor: vscode.TextEditor, layout: Layout): void {
    for (const state of STATES) {
      const ranges = layout.runs.filter((run) => run.state === state).map((run) => rangeOf(run.range));
      editor.setDecorations(this.types[state], ranges);
    }
  }

  /** Show in the file itself what is about to be filled; no range takes that away. */
  place(document: vscode.TextDocument, range?: vscode.Range): void {
    for (const editor of vscode.window.visibleTextEditors) {
      if (editor.document === document) {
        editor.setDecorations(this.waiting, range ? [range] : []);
      }
    }
  }

  dispose(): void {
    Object.values(this.types).forEach((type) => {
      type.dispose();
    });
    this.waiting.dispose();
  }
}

/** A range of the protocol as the editor's. */
export function rangeOf({ start, end }: Range): vscode.Range {
  return new vscode.Range(start.line, start.character, end.line, end.character);
}

function colour(name: string): vscode.ThemeColor {
  return new vscode.ThemeColor(`spanfill.canvas.${name}`);
}
