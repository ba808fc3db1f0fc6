/**
 * What the client library's ghost text leaves open: the middleware that measures it and reports what became
 * of suggestions, and the number of cursors. The editor itself shows, cycles and accepts.
 */

import * as vscode from "vscode";
import type { Middleware } from "vscode-languageclient/node";
import type { Client } from "../server/client";
import { DID_ACCEPT, DID_CHANGE_CURSORS, DID_REJECT, DID_SHOW } from "../server/protocol";
import { settingsForServer, SECTION } from "../settings/settings";
import type { Timings } from "../timings";
import { Tracking, type Suggestion } from "./tracking";

/** The command that the server puts into each item; the editor runs it when the item is accepted. */
const ACCEPTED = "spanfill.accepted";
/** Accepting moves the cursor before its command runs: so long is waited before a rejection is reported. */
const GRACE_MS = 300;

type Items = vscode.InlineCompletionItem[] | vscode.InlineCompletionList;

export class GhostText implements vscode.Disposable {
  readonly middleware: Middleware;
  private readonly tracking: Tracking;
  private readonly subscriptions: vscode.Disposable[];
  private cursors = new Map<string, number>();
  private leaving: NodeJS.Timeout | undefined;

  constructor(
    private readonly client: () => Client | undefined,
    private readonly timings: Timings,
  ) {
    const tell = (method: string, params: object) => client()?.tell(method, params);
    this.tracking = new Tracking({
      shown: (id) => tell(DID_SHOW, { id }),
      accepted: (id, length) => tell(DID_ACCEPT, { id, acceptedLength: length }),
      rejected: (id) => tell(DID_REJECT, { id }),
    });
    this.middleware = this.makeMiddleware();
    this.subscriptions = [
      vscode.commands.registerCommand(ACCEPTED, (id: unknown) => {
        this.tracking.accepted(typeof id === "string" ? id : "");
      }),
      vscode.window.onDidChangeTextEditorSelection((event) => {
        timings.measure("cursors", () => {
          this.cursorsMoved(event.textEditor);
        });
      }),
    ];
  }

  private makeMiddleware(): Middleware {
    return {
      didChange: (event, next) => this.timings.measure("didChange", () => next(event)),
      provideInlineCompletionItems: (document, position, context, token, next) =>
        this.timings.measure("inlineCompletion", () =>
          this.noted(document, position, token, next(document, position, context, token)),
        ),
      workspace: {
        configuration: async (params, token, next) => {
          const answer = await next(params, token);
          if (!Array.isArray(answer)) return answer;
          return params.items.map((item, index) =>
            item.section === SECTION ? settingsForServer() : (answer[index] as unknown),
          );
        },
      },
    };
  }

  private async noted(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
    answer: vscode.ProviderResult<Items>,
  ): Promise<Items | undefined> {
    const result = (await answer) ?? undefined;
    if (!token.isCancellationRequested) {
      const items = Array.isArray(result) ? result : (result?.items ?? []);
      this.tracking.answered(document.uri.toString(), position.line, suggestionOf(items[0]));
    }
    return result;
  }

  private cursorsMoved(editor: vscode.TextEditor): void {
    const { document, selections } = editor;
    const key = document.uri.toString();
    const count = selections.length;
    if (count !== (this.cursors.get(key) ?? 1)) {
      this.cursors.set(key, count);
      const client = this.client();
      client?.tell(DID_CHANGE_CURSORS, { textDocument: { uri: client.uriOf(document) }, cursors: count });
    }
    clearTimeout(this.leaving);
    const line = editor.selection.active.line;
    if (this.tracking.left(key, line)) {
      this.leaving = setTimeout(() => {
        this.tracking.reject();
      }, GRACE_MS);
    }
  }

  /** A server that has just started knows nothing of cursors. */
  forget(): void {
    this.cursors = new Map();
  }

  dispose(): void {
    clearTimeout(this.leaving);
    this.subscriptions.forEach((one) => void one.dispose());
  }
}

function suggestionOf(item: vscode.InlineCompletionItem | undefined): Suggestion | undefined {
  const id: unknown = item?.command?.arguments?.[0];
  if (item === undefined || typeof id !== "string") return undefined;
  const text = typeof item.insertText === "string" ? item.insertText : item.insertText.value;
  return { id, length: text.length };
}
