/** Tells the user what keeps the server from running: once for each thing, with what can be done. */

import * as vscode from "vscode";
import type { Life } from "./supervisor";

const INSTALL = "Install…";
const LOG = "Show Log";
const RESTART = "Restart";
const SETTINGS = "Open Settings";

const COMMANDS: Record<string, string> = {
  [INSTALL]: "spanfill.install",
  [LOG]: "spanfill.showLog",
  [RESTART]: "spanfill.restart",
  [SETTINGS]: "spanfill.openServerSettings",
};

export class Complaints {
  private told = "";

  /** Hear of a change; say it where it is news. */
  async hear({ phase, detail }: Life): Promise<void> {
    if (phase === "running") this.told = "";
    if (phase !== "missing" && phase !== "failed") return;
    const text =
      phase === "missing"
        ? "spanfill's server was found neither in the Python environment nor on PATH."
        : `spanfill: ${detail ?? "the server failed."}`;
    if (text === this.told) return;
    this.told = text;
    const wrongSetting = detail?.includes("spanfill.server.command");
    const answer =
      phase === "missing"
        ? await vscode.window.showWarningMessage(text, INSTALL, SETTINGS)
        : wrongSetting
          ? await vscode.window.showErrorMessage(text, SETTINGS)
          : await vscode.window.showErrorMessage(text, LOG, RESTART);
    const command = answer && COMMANDS[answer];
    if (command) await vscode.commands.executeCommand(command);
  }

  /** The user has asked for a start: what is still wrong then is news again. */
  forget(): void {
    this.told = "";
  }
}
