/**
 * The editor that shows a canvas in its file's place, at the same scroll position.
 *
 * VS Code's API has no way to draw several lines into an editor without changing its text, and the text must
 * not change before it is accepted. So a read-only stand-in is shown, whose text is free to change: slots
 * are real text there, with highlighting, any number of lines and exact colours, whatever its width.
 */

import * as vscode from "vscode";
import { closeTabs, type CanvasContent } from "./content";
import type { Layout } from "./layout";
import { rangeOf, type Paint } from "./paint";

export class CanvasView {
  readonly uri: vscode.Uri;
  private editor: vscode.TextEditor | undefined;
  /** What is being shown; the newest that arrived meanwhile comes next, and those between are skipped. */
  private drawing: Layout | undefined;
  private next: Layout | undefined;
  private shown: Layout | undefined;
  private opening: Promise<void> | undefined;
  private closed = false;
  private readonly subscription: vscode.Disposable;

  constructor(
    readonly source: vscode.TextDocument,
    private readonly content: CanvasContent,
    private readonly paint: Paint,
  ) {
    this.uri = content.uriFor(source.uri);
    this.subscription = vscode.workspace.onDidChangeTextDocument((event) => {
      // Changes of other things than the text are told by the same event, without changes in it.
      if (event.document === this.editor?.document && event.contentChanges.length > 0) this.drawn();
    });
  }

  /** Where the canvas is now, in the stand-in. */
  get filled(): vscode.Range | undefined {
    return this.shown && rangeOf(this.shown.filled);
  }

  /** Show a layout, or keep it until the one before is on screen. */
  draw(layout: Layout): void {
    this.next = layout;
    if (this.opening === undefined) {
      this.opening = this.open(layout);
    } else if (this.editor !== undefined && this.drawing === undefined) {
      this.advance();
    }
  }

  /** Resolved once the stand-in has been opened. */
  async opened(): Promise<void> {
    await this.opening;
  }

  private async open(layout: Layout): Promise<void> {
    this.content.set(this.uri, layout.content);
    const origin = vscode.window.visibleTextEditors.find((editor) => editor.document === this.source);
    const top = origin?.visibleRanges[0];
    const start = rangeOf(layout.filled).start;
    let document = await vscode.workspace.openTextDocument(this.uri);
    if (document.languageId !== this.source.languageId) {
      document = await vscode.languages.setTextDocumentLanguage(document, this.source.languageId);
    }
    if (this.isClosed()) return;
    const editor = await vscode.window.showTextDocument(document, {
      viewColumn: origin?.viewColumn ?? vscode.ViewColumn.Active,
      preview: false,
      selection: new vscode.Range(start, start),
    });
    if (this.isClosed()) {
      await closeTabs(this.uri);
      return;
    }
    editor.options = origin ? { ...editor.options, ...tabsOf(origin) } : editor.options;
    if (top?.contains(start)) {
      editor.revealRange(top, vscode.TextEditorRevealType.AtTop);
    } else {
      editor.revealRange(rangeOf(layout.filled), vscode.TextEditorRevealType.InCenter);
    }
    this.editor = editor;
    this.advance();
  }

  /** Asked after each wait: the user may have ended the fill meanwhile. */
  private isClosed(): boolean {
    return this.closed;
  }

  /** Begin with the newest layout, if there is one. */
  private advance(): void {
    const layout = this.next;
    this.next = undefined;
    if (layout === undefined || this.editor === undefined) return;
    this.drawing = layout;
    this.content.set(this.uri, layout.content);
    if (sameText(this.editor.document, layout.content)) {
      this.drawn(); // no change of the text will say so
    }
  }

  private drawn(): void {
    const layout = this.drawing;
    this.drawing = undefined;
    if (layout !== undefined && this.editor !== undefined) {
      this.shown = layout;
      this.paint.slots(this.editor, layout);
    }
    this.advance();
  }

  /** Colours go with their editor: those of a tab that comes back on screen are put on again. */
  repaint(editors: readonly vscode.TextEditor[]): void {
    const editor = editors.find((one) => one.document.uri.toString() === this.uri.toString());
    if (editor === undefined || this.editor === undefined) return;
    this.editor = editor;
    if (this.shown) this.paint.slots(editor, this.shown);
  }

  /** Take the stand-in away. */
  async close(): Promise<void> {
    this.closed = true;
    this.subscription.dispose();
    await closeTabs(this.uri);
    this.content.forget(this.uri);
  }
}

function tabsOf(editor: vscode.TextEditor): vscode.TextEditorOptions {
  const { tabSize, insertSpaces } = editor.options;
  return { ...(tabSize && { tabSize }), ...(insertSpaces !== undefined && { insertSpaces }) };
}

/** Whether a document has a text already, whatever its line breaks. */
function sameText(document: vscode.TextDocument, content: string): boolean {
  return document.getText().replace(/\r\n|\r/g, "\n") === content.replace(/\r\n|\r/g, "\n");
}
