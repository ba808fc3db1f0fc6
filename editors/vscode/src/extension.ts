/** Puts the extension together: its parts know each other through what is handed to them here. */

import * as vscode from "vscode";
import type { EngineStatus } from "./server/protocol";
import { Supervisor } from "./server/supervisor";
import { disabledLanguages, enabled, SECTION } from "./settings/settings";
import { StatusItem } from "./status/item";
import { GhostText } from "./suggestions/ghostText";
import { Timings } from "./timings";

let supervisor: Supervisor | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("spanfill", { log: true });
  const timings = new Timings();
  const status = new StatusItem();
  let engine: EngineStatus | undefined;

  const ghostText = new GhostText(() => supervisor?.client, timings);
  const server = new Supervisor(context, {
    log,
    middleware: ghostText.middleware,
    status: (now) => {
      engine = now;
      draw();
    },
    frame: () => undefined,
  });
  supervisor = server;

  const draw = () => {
    const language = vscode.window.activeTextEditor?.document.languageId ?? "";
    status.show({
      enabled: enabled(),
      life: server.life,
      engine,
      pausedLanguage: disabledLanguages().includes(language) ? language : undefined,
    });
  };
  const follow = () => (enabled() ? server.restart() : server.stop());

  context.subscriptions.push(
    log,
    status,
    ghostText,
    server,
    server.onDidChange((life) => {
      if (life.phase !== "running") engine = undefined;
      ghostText.forget();
      draw();
    }),
    vscode.window.onDidChangeActiveTextEditor(draw),
    vscode.workspace.onDidChangeConfiguration((event) => {
      const restarts = ["enabled", "server"].some((name) => event.affectsConfiguration(`${SECTION}.${name}`));
      if (restarts) void follow();
      draw();
    }),
    vscode.commands.registerCommand("spanfill._timings", (clear?: boolean) => timings.report(clear)),
    vscode.commands.registerCommand("spanfill.restart", () => server.restart()),
    vscode.commands.registerCommand("spanfill.showLog", () => {
      log.show();
    }),
    vscode.commands.registerCommand("spanfill.menu", () => {
      log.show();
    }),
  );
  draw();
  if (enabled()) void server.restart();
}

export async function deactivate(): Promise<void> {
  await supervisor?.stop();
}
