/** What a command is about: the place that a code action names, or the active editor's selection. */

import * as vscode from "vscode";
import type { OfferArgument, Place } from "../server/protocol";

/** A document and a place in it. */
export interface Target {
  document: vscode.TextDocument;
  place: Place;
}

/** The target of a code action's command, whose argument the server has made; undefined for a text that has gone on. */
export function targetOfOffer(argument: unknown): Target | undefined {
  const { textDocument, ...place } = argument as OfferArgument;
  const uri = vscode.Uri.parse(textDocument.uri).toString();
  const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri);
  const version = textDocument.version;
  if (document === undefined || (typeof version === "number" && version !== document.version)) {
    return undefined;
  }
  return { document, place };
}

/** The active editor, or a sentence for the user where there is none that can be edited. */
export function activeEditor(): vscode.TextEditor | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) void vscode.window.showInformationMessage("spanfill: open a file first.");
  return editor;
}

/** The active editor where something is selected in it. */
export function editorWithSelection(): vscode.TextEditor | undefined {
  const editor = activeEditor();
  if (editor?.selection.isEmpty) {
    void vscode.window.showInformationMessage("spanfill: select the code first.");
    return undefined;
  }
  return editor;
}
