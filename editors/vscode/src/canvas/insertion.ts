/** Puts an accepted text into its document, as one undo step and only into the version that it was made for. */

import * as vscode from "vscode";

/** Replace a range; answers false where the document is not the one it was. */
export async function insert(
  document: vscode.TextDocument,
  version: number,
  range: vscode.Range,
  text: string,
): Promise<boolean> {
  if (document.isClosed || document.version !== version) return false;
  if (document.uri.scheme === "vscode-notebook-cell") {
    return replaceInCell(document, range, text); // a cell can't be shown without its notebook
  }
  const editor = await vscode.window.showTextDocument(document);
  if (document.version !== version) return false;
  const done = await editor.edit(
    (builder) => {
      builder.replace(range, text);
    },
    { undoStopBefore: true, undoStopAfter: true },
  );
  if (done) {
    const end = document.positionAt(document.offsetAt(range.start) + lengthIn(document, text));
    editor.selection = new vscode.Selection(end, end);
    editor.revealRange(new vscode.Range(end, end), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }
  return done;
}

async function replaceInCell(
  document: vscode.TextDocument,
  range: vscode.Range,
  text: string,
): Promise<boolean> {
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, range, text);
  return vscode.workspace.applyEdit(edit);
}

/** A text's length once its line breaks are the document's. */
function lengthIn(document: vscode.TextDocument, text: string): number {
  const eol = document.eol === vscode.EndOfLine.CRLF ? "\r\n" : "\n";
  return text.replace(/\r\n|\n|\r/g, eol).length;
}
