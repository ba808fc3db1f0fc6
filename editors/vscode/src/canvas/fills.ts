/**
 * Invoked fills: asks the server, shows the canvas settling, then the preview, and does what the user says.
 *
 * There is one at a time: the server has one engine, and a newer fill takes the place of an older one.
 */

import * as vscode from "vscode";
import { ResponseError } from "vscode-languageclient/node";
import type { Client } from "../server/client";
import type { FillAnswer, Frame, Place, Slot } from "../server/protocol";
import type { Timings } from "../timings";
import { CanvasContent, closeTabs, showsCanvas } from "./content";
import { insert } from "./insertion";
import { layOut, type Layout } from "./layout";
import { Lenses } from "./lenses";
import { Paint, rangeOf } from "./paint";
import { CanvasView } from "./view";

const STALE = "spanfill: the text changed meanwhile, so the fill was dropped. Nothing was edited.";
const CONTENT_MODIFIED = -32801;
const REQUEST_CANCELLED = -32800;

/** A fill from its start to the user's decision. */
interface Fill {
  id: string;
  document: vscode.TextDocument;
  version: number;
  place: Place;
  selection: vscode.Selection | undefined;
  cancellation: vscode.CancellationTokenSource;
  view: CanvasView;
  answer?: FillAnswer;
  /** What the fill before this one came to, where this one was asked for in its place. */
  before?: string;
}

export class Fills implements vscode.Disposable {
  private readonly content = new CanvasContent();
  private readonly paint = new Paint();
  private readonly lenses = new Lenses();
  private readonly subscriptions: { dispose(): unknown }[];
  private current: Fill | undefined;
  private count = 0;

  constructor(
    private readonly client: () => Client | undefined,
    timings: Timings,
  ) {
    this.subscriptions = [
      vscode.workspace.onDidChangeTextDocument((event) => {
        timings.measure("watchChange", () => {
          const concerned = event.document === this.current?.document && event.contentChanges.length > 0;
          if (concerned) void this.drop(STALE);
        });
      }),
      vscode.workspace.onDidCloseTextDocument((document) => {
        if (document === this.current?.document) void this.drop();
      }),
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
        const uri = this.current?.view.uri;
        if (uri && closed.some((tab) => showsCanvas(tab, uri))) void this.drop();
      }),
      vscode.window.onDidChangeVisibleTextEditors((editors) => this.current?.view.repaint(editors)),
      this.content,
      this.paint,
      this.lenses,
    ];
    this.become("none");
    void closeTabs();
  }

  /** Fill a place of a document; what was being filled before is dropped. */
  async start(document: vscode.TextDocument, place: Place): Promise<void> {
    await this.drop();
    const editor = vscode.window.visibleTextEditors.find((one) => one.document === document);
    const view = new CanvasView(document, this.content, this.paint);
    await this.run({ ...this.begun(document, place, view), selection: editor?.selection });
  }

  private begun(document: vscode.TextDocument, place: Place, view: CanvasView): Fill {
    this.count += 1;
    return {
      id: `canvas-${this.count}`,
      document,
      version: document.version,
      place,
      selection: undefined,
      cancellation: new vscode.CancellationTokenSource(),
      view,
    };
  }

  private async run(fill: Fill): Promise<void> {
    const client = this.client();
    if (client === undefined) {
      void vscode.window.showWarningMessage("spanfill: the server is not running.");
      return;
    }
    this.current = fill;
    this.become("filling");
    if (fill.before === undefined) this.paint.place(fill.document, placeOf(fill.place));
    const textDocument = { uri: client.uriOf(fill.document), version: fill.version };
    try {
      const answer = await client.fill({ ...fill.place, textDocument, id: fill.id }, fill.cancellation.token);
      if (this.current === fill) await this.finished(fill, answer);
    } catch (error) {
      if (this.current === fill) await this.drop(sentenceOf(error));
    }
  }

  /** A pass of the running fill. */
  readonly frame = (frame: Frame): void => {
    const fill = this.current;
    if (fill?.id !== frame.id || fill.answer !== undefined) return;
    const layout = this.layout(fill, rangeOf(frame.range), frame.slots);
    this.lenses.show(layout.filled.start.line, { name: "filling" });
    fill.view.draw(layout);
    this.paint.place(fill.document);
  };

  private async finished(fill: Fill, answer: FillAnswer): Promise<void> {
    const range = rangeOf(answer.range);
    if (answer.text === "" || answer.text === fill.document.getText(range)) {
      const what = answer.text === "" ? "had nothing to write here" : "would leave the text as it is";
      await this.drop(`spanfill: the model ${what}.`);
      return;
    }
    fill.answer = answer;
    const layout = this.layout(fill, range, [{ text: answer.text, state: "committed" }]);
    const again = answer.text === fill.before;
    this.lenses.show(layout.filled.start.line, { name: "ready", statistics: answer.statistics, again });
    fill.view.draw(layout);
    await fill.view.opened();
    this.paint.place(fill.document);
    if (this.current === fill) this.become("ready");
  }

  private layout(fill: Fill, hole: vscode.Range, slots: readonly Slot[]): Layout {
    const text = fill.document.getText();
    const before = text.slice(0, fill.document.offsetAt(hole.start));
    const after = text.slice(fill.document.offsetAt(hole.end));
    return layOut({ before, after, start: hole.start }, slots);
  }

  /** Put the previewed text into its document. */
  async accept(): Promise<void> {
    const fill = this.current;
    if (fill?.answer === undefined) return;
    this.current = undefined; // the edit is no change that makes the fill stale
    this.become("none");
    const { range, text } = fill.answer;
    const done = await insert(fill.document, fill.version, rangeOf(range), text);
    await fill.view.close();
    if (!done) void vscode.window.showInformationMessage(STALE);
  }

  /** Ask for the previewed text again. */
  async regenerate(): Promise<void> {
    const fill = this.current;
    if (fill?.answer === undefined) return;
    const next = this.begun(fill.document, fill.place, fill.view);
    await this.run({ ...next, selection: fill.selection, before: fill.answer.text });
  }

  /** Leave everything as it is, and go back to where the user was. */
  async discard(): Promise<void> {
    const fill = this.current;
    await this.drop();
    await closeTabs();
    if (
      fill !== undefined &&
      fill.document.uri.scheme !== "vscode-notebook-cell" &&
      !fill.document.isClosed
    ) {
      await vscode.window.showTextDocument(fill.document, fill.selection && { selection: fill.selection });
    }
  }

  /** End the fill, whatever it has come to; `why` is said to the user. */
  private async drop(why?: string): Promise<void> {
    const fill = this.current;
    if (fill === undefined) return;
    this.current = undefined;
    this.become("none");
    fill.cancellation.cancel();
    fill.cancellation.dispose();
    this.paint.place(fill.document);
    if (why !== undefined) void vscode.window.showInformationMessage(why);
    await fill.view.close();
  }

  private become(state: "none" | "filling" | "ready"): void {
    void vscode.commands.executeCommand("setContext", "spanfill.canvas", state);
  }

  /** The server has gone: what it was filling will never be finished. A finished preview stays. */
  serverGone(): void {
    if (this.current?.answer === undefined) {
      void this.drop("spanfill: the server has ended, and the fill with it. Nothing was edited.");
    }
  }

  dispose(): void {
    void this.drop();
    this.subscriptions.forEach((one) => void one.dispose());
  }
}

/** The range of a place in the file, for a first sign that something goes on. */
function placeOf({ range, position }: Place): vscode.Range | undefined {
  if (range) return rangeOf(range);
  return position && new vscode.Range(position.line, position.character, position.line, position.character);
}

/** What to tell the user of a failed fill; undefined where it was the user who ended it. */
function sentenceOf(error: unknown): string | undefined {
  if (error instanceof vscode.CancellationError) return undefined;
  if (error instanceof ResponseError) {
    if (error.code === CONTENT_MODIFIED) return STALE;
    if (error.code === REQUEST_CANCELLED) return undefined;
  }
  return `spanfill: ${error instanceof Error ? error.message : String(error)}`;
}
