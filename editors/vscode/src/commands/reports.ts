/** The commands that answer with a page: explain, statistics, doctor. */

import * as vscode from "vscode";
import type { Panel } from "../panel/panel";
import { findingsTable, statisticsTable, type Findings, type Statistics } from "../panel/tables";
import type { Client } from "../server/client";
import { json } from "../server/cli";
import { COMMANDS } from "../server/protocol";
import { serverSettings } from "../settings/settings";
import { chosen, offersFor } from "./offers";
import { editorWithSelection } from "./targets";

const NO_CHAT = "the model that is loaded takes no instructions, so it can't explain.";

export class Reports {
  constructor(
    private readonly panel: Panel,
    private readonly folder: string,
    private readonly command: () => readonly string[] | undefined,
    private readonly client: () => Client | undefined,
  ) {}

  register(): vscode.Disposable[] {
    return [
      vscode.commands.registerCommand(COMMANDS.explain, (argument?: object) => this.explain(argument)),
      vscode.commands.registerCommand(COMMANDS.stats, () => this.stats()),
      vscode.commands.registerCommand("spanfill.doctor", () => this.doctor()),
    ];
  }

  private async explain(argument?: object): Promise<void> {
    const client = this.client();
    if (client === undefined) return;
    const asked = argument ?? (await this.selected(client));
    if (asked === undefined) return;
    await working("Explaining", async (token) => {
      const text = await client.run<string>(COMMANDS.explain, [{ ...asked, show: false }], token);
      await this.panel.show("Explanation", text || "The model had nothing to say.");
    });
  }

  private async selected(client: Client): Promise<object | undefined> {
    const editor = editorWithSelection();
    if (editor === undefined) return undefined;
    const offers = await offersFor(client, editor.document, editor.selection, COMMANDS.explain);
    return (await chosen(offers, NO_CHAT))?.argument;
  }

  private async stats(): Promise<void> {
    const stats = await this.client()?.run<Statistics>(COMMANDS.stats, []);
    if (stats) await this.panel.show("Statistics", statisticsTable(stats));
  }

  private async doctor(): Promise<void> {
    const command = this.command();
    if (command === undefined) {
      void vscode.window.showWarningMessage("spanfill: there is no server to check; install it first.");
      return;
    }
    await working("Checking the installation", async (token) => {
      const options = { cwd: this.folder, environment: serverSettings().environment, token };
      const findings = await json<Findings>([...command, "doctor", "--json"], options);
      await this.panel.show("Doctor", findingsTable(findings));
    });
  }
}

/** Do something slow with a progress notification; what fails is said, what the user ends is not. */
async function working(
  title: string,
  work: (token: vscode.CancellationToken) => Promise<void>,
): Promise<void> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: `spanfill: ${title}`,
    cancellable: true,
  };
  await vscode.window.withProgress(options, async (_, token) => {
    try {
      await work(token);
    } catch (error) {
      if (token.isCancellationRequested) return;
      const reason = error instanceof Error ? error.message : String(error);
      void vscode.window.showErrorMessage(`spanfill: ${reason}`);
    }
  });
}
