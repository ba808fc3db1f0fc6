/** Keeps a server running: finds it, starts it, starts it again with growing pauses, and gives up in time. */

import { mkdir } from "node:fs/promises";
import * as vscode from "vscode";
import { State } from "vscode-languageclient/node";
import { Backoff } from "./backoff";
import { Client, type ClientHooks } from "./client";
import { discover } from "./discovery";

export type Phase = "stopped" | "starting" | "running" | "waiting" | "missing" | "failed";

/** What the server's life has come to, and why where that needs saying. */
export interface Life {
  phase: Phase;
  detail?: string;
}

export class Supervisor implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<Life>();
  private readonly backoff = new Backoff();
  private current: Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Counts starts and stops: what an older one still reports is of no interest. */
  private generation = 0;
  private state: Life = { phase: "stopped" };
  private words: string[] | undefined;

  readonly onDidChange = this.changed.event;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly hooks: Omit<ClientHooks, "closed">,
  ) {}

  get life(): Life {
    return this.state;
  }

  /** The connection, where there is one that works. */
  get client(): Client | undefined {
    return this.state.phase === "running" ? this.current : undefined;
  }

  /** The command line of the server that was found last; `doctor` and `models` are run with it too. */
  get command(): string[] | undefined {
    return this.words;
  }

  /** Start, or start again, at the user's wish: earlier crashes are forgotten. */
  async restart(): Promise<void> {
    this.backoff.reset();
    await this.stop();
    await this.launch();
  }

  /** Stop the server and everything that would start it. */
  async stop(): Promise<void> {
    this.generation += 1;
    clearTimeout(this.timer);
    const client = this.current;
    this.current = undefined;
    this.become({ phase: "stopped" });
    await client?.close();
  }

  private async launch(): Promise<void> {
    const generation = ++this.generation;
    this.become({ phase: "starting" });
    const found = await discover(this.context);
    if (generation !== this.generation) return;
    if (found.kind === "missing") {
      this.become({ phase: "missing" });
      return;
    }
    if (found.kind === "wrong") {
      this.become({ phase: "failed", detail: found.message });
      return;
    }
    this.hooks.log.info(`Starting ${found.command.join(" ")} (${found.source})`);
    this.words = found.command;
    const folder = this.context.globalStorageUri.fsPath;
    await mkdir(folder, { recursive: true });
    const closed = () => {
      this.crashed(generation, "The server has ended unexpectedly.");
    };
    const client = new Client(found.command, folder, { ...this.hooks, closed });
    this.current = client;
    try {
      await client.start();
    } catch (error) {
      this.crashed(generation, `The server did not start: ${messageOf(error)}`);
      return;
    }
    if (generation === this.generation && client.state === State.Running) {
      this.become({ phase: "running" });
    }
  }

  private crashed(generation: number, detail: string): void {
    if (generation !== this.generation) return;
    this.generation += 1;
    const client = this.current;
    this.current = undefined;
    // The library is still closing this connection; it must be done before it is disposed of.
    setImmediate(() => void client?.close());
    const pauseMs = this.backoff.crashed(performance.now());
    this.hooks.log.warn(detail);
    if (pauseMs === undefined) {
      this.become({ phase: "failed", detail: `${detail} It was started several times, in vain.` });
      return;
    }
    this.become({ phase: "waiting", detail });
    this.timer = setTimeout(() => void this.launch(), pauseMs);
  }

  private become(state: Life): void {
    this.state = state;
    this.changed.fire(state);
  }

  dispose(): void {
    void this.stop();
    this.changed.dispose();
  }
}

/** An error in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
