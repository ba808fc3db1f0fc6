/** Puts the extension together: its parts know each other through what is handed to them here. */

import * as vscode from "vscode";
import { Fills } from "./canvas/fills";
import { FillingCommands } from "./commands/filling";
import { showMenu } from "./commands/menu";
import { Models } from "./commands/models";
import { toggleLanguage, togglePause } from "./commands/pausing";
import { Reports } from "./commands/reports";
import { Panel } from "./panel/panel";
import { Complaints } from "./server/complaints";
import { install } from "./server/installation";
import { COMMANDS, type EngineStatus } from "./server/protocol";
import { Supervisor, type Life } from "./server/supervisor";
import { disabledLanguages, enabled, SECTION } from "./settings/settings";
import type { Situation } from "./status/appearance";
import { StatusItem } from "./status/item";
import { GhostText } from "./suggestions/ghostText";
import { Timings } from "./timings";

let supervisor: Supervisor | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("spanfill", { log: true });
  const timings = new Timings();
  const status = new StatusItem();
  const panel = new Panel();
  const complaints = new Complaints();
  let engine: EngineStatus | undefined;

  const client = () => supervisor?.client;
  const ghostText = new GhostText(client, timings);
  const fills = new Fills(client, timings);
  const server = new Supervisor(context, {
    log,
    middleware: ghostText.middleware,
    status: (now) => {
      engine = now;
      draw();
    },
    frame: fills.frame,
  });
  supervisor = server;

  const command = () => server.command;
  const folder = context.globalStorageUri.fsPath;
  const models = new Models(folder, log, command, client);
  const reports = new Reports(panel, folder, command, client);
  const filling = new FillingCommands(fills, client);

  const situation = (): Situation => {
    const language = vscode.window.activeTextEditor?.document.languageId ?? "";
    const paused = disabledLanguages().includes(language) ? language : undefined;
    return { enabled: enabled(), life: server.life, engine, pausedLanguage: paused };
  };
  const draw = () => {
    status.show(situation());
  };
  const restart = () => {
    complaints.forget();
    return server.restart();
  };
  const lifeChanged = (life: Life) => {
    if (life.phase !== "running") {
      engine = undefined;
      fills.serverGone();
    }
    ghostText.forget();
    announce(server);
    draw();
    void complaints.hear(life);
  };
  const installServer = async () => {
    if (!(await install(context, log))) return;
    await restart();
    if (await models.offerDefault()) await restart();
  };

  const commands: Record<string, (argument?: unknown) => unknown> = {
    "spanfill._timings": (clear) => timings.report(clear === true),
    "spanfill.menu": () => showMenu(situation()),
    "spanfill.restart": restart,
    "spanfill.install": installServer,
    "spanfill.pauseLanguage": toggleLanguage,
    "spanfill.showLog": () => {
      log.show();
    },
    "spanfill.openSettings": () => openSettings("@ext:spanfill.spanfill"),
    "spanfill.openServerSettings": () => openSettings("spanfill.server.command"),
    [COMMANDS.pause]: () => togglePause(client()),
    [COMMANDS.selectModel]: () => models.select(),
  };
  context.subscriptions.push(
    ...Object.entries(commands).map(([id, run]) => vscode.commands.registerCommand(id, run)),
    ...filling.register(),
    ...reports.register(),
    server.onDidChange(lifeChanged),
    vscode.window.onDidChangeActiveTextEditor(draw),
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      if (server.life.phase === "missing") void restart();
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      const concerns = (name: string) => event.affectsConfiguration(`${SECTION}.${name}`);
      if (concerns("enabled") || concerns("server.command") || concerns("server.environment")) {
        void (enabled() ? restart() : server.stop());
      }
      draw();
    }),
    log,
    status,
    panel,
    ghostText,
    fills,
    server,
  );
  draw();
  if (enabled()) void server.restart();
}

export async function deactivate(): Promise<void> {
  await supervisor?.stop();
}

/** Set the context keys by which menus and keys know what the server can do. */
function announce(server: Supervisor): void {
  const abilities = server.client?.abilities;
  const can = (name: string) => abilities?.commands.has(`spanfill.${name}`) === true;
  const keys: Record<string, boolean> = {
    "spanfill.running": server.client !== undefined,
    "spanfill.found": server.command !== undefined,
    "spanfill.can.fill": abilities?.fill === true,
  };
  for (const name of ["rewrite", "optimise", "explain", "fixDiagnostic"]) {
    keys[`spanfill.can.${name}`] = abilities?.fill === true && can(name);
  }
  for (const [key, value] of Object.entries(keys)) {
    void vscode.commands.executeCommand("setContext", key, value);
  }
}

function openSettings(query: string): Thenable<unknown> {
  return vscode.commands.executeCommand("workbench.action.openSettings", query);
}
