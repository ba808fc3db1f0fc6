/** One connection to one server process. Knows the LSP client library; decides nothing about restarts. */

import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type DynamicFeature,
  type InitializeParams,
  type LanguageClientOptions,
  type Middleware,
  type StaticFeature,
} from "vscode-languageclient/node";
import { serverSettings, settingsForServer } from "../settings/settings";
import { abilitiesOf, FILL, STATUS, FRAME, type Abilities } from "./protocol";
import type { EngineStatus, FillAnswer, FillParams, Frame } from "./protocol";

/** Where the server is wanted: files, unsaved ones included, and the cells of notebooks. */
export const DOCUMENTS = [{ scheme: "file" }, { scheme: "untitled" }, { scheme: "vscode-notebook-cell" }];

const STOPPING_MS = 2000;

export interface ClientHooks {
  middleware: Middleware;
  log: vscode.LogOutputChannel;
  /** The process has gone though nobody stopped it. */
  closed: () => void;
  status: (status: EngineStatus) => void;
  frame: (frame: Frame) => void;
}

/** The library's client, with the server's commands left to the extension's own. */
export class Client extends LanguageClient {
  /** Start `command` as a server in `folder` and speak to it. */
  constructor(command: string[], folder: string, hooks: ClientHooks) {
    const [program = "", ...prefix] = command;
    const server = {
      command: program,
      args: [...prefix, "serve", "--stdio"],
      // Not the workspace's folder: Python would import modules from there.
      options: { cwd: folder, env: serverSettings().environment },
    };
    super("spanfill", "spanfill", server, optionsWith(hooks));
    this.onNotification(STATUS, hooks.status);
    this.onNotification(FRAME, hooks.frame);
  }

  /** The server's commands are this extension's too, which draws what they do: they must not be registered twice. */
  override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
    const method = "registrationType" in feature ? feature.registrationType.method : "";
    if (method !== "workspace/executeCommand") {
      super.registerFeature(feature);
    }
  }

  protected override fillInitializeParams(params: InitializeParams): void {
    super.fillInitializeParams(params);
    // The editor's own name would stand for its own numbering of trigger kinds; this client sends the LSP's.
    params.clientInfo = { name: "spanfill extension", version: vscode.version };
  }

  get abilities(): Abilities {
    return abilitiesOf(this.initializeResult?.capabilities);
  }

  uriOf(document: vscode.TextDocument): string {
    return this.code2ProtocolConverter.asUri(document.uri);
  }

  /** `spanfill/fill`. */
  fill(params: FillParams, token: vscode.CancellationToken): Promise<FillAnswer> {
    return this.sendRequest(FILL, params, token);
  }

  /** `workspace/executeCommand`. */
  run<T>(command: string, args: unknown[], token?: vscode.CancellationToken): Promise<T> {
    const params = { command, arguments: args };
    // An undefined token would be taken for a second parameter.
    return token === undefined
      ? this.sendRequest<T>("workspace/executeCommand", params)
      : this.sendRequest<T>("workspace/executeCommand", params, token);
  }

  /** Send a notification; one that can't be sent is nothing to anybody. */
  tell(method: string, params: object): void {
    this.sendNotification(method, params).catch(() => undefined);
  }

  /** Stop the server, in whatever state it is. */
  async close(): Promise<void> {
    try {
      await this.dispose(STOPPING_MS);
    } catch {
      // It never started, or was gone already.
    }
  }
}

function optionsWith(hooks: ClientHooks): LanguageClientOptions {
  const lines = (level: "info" | "debug") => (input: NodeJS.ReadableStream) => {
    input.on("data", (data: Buffer) => {
      for (const line of data.toString().split(/\r?\n/)) {
        if (line !== "") hooks.log[level](line);
      }
    });
  };
  return {
    documentSelector: DOCUMENTS,
    outputChannel: hooks.log,
    initializationOptions: settingsForServer,
    middleware: hooks.middleware,
    // Files that are open but not on screen are sent when they are needed.
    textSynchronization: { delayOpenNotifications: true },
    stdioOptions: { stdout: lines("debug"), stderr: lines("info") },
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        hooks.closed();
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
  };
}
