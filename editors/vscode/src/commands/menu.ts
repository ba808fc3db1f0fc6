/** The menu behind the status bar item. */

import * as vscode from "vscode";
import type { Situation } from "../status/appearance";

interface Entry extends vscode.QuickPickItem {
  command: string;
}

/** Show what makes sense in a situation, and run what is picked. */
export async function showMenu(situation: Situation): Promise<void> {
  const entries = entriesFor(situation, vscode.window.activeTextEditor?.document.languageId);
  const picked = await vscode.window.showQuickPick(entries, { title: "spanfill" });
  if (picked) await vscode.commands.executeCommand(picked.command);
}

function entriesFor({ life, engine, pausedLanguage }: Situation, language: string | undefined): Entry[] {
  const running: Entry[] = [
    engine?.paused
      ? { label: "$(debug-start) Resume suggestions", command: "spanfill.pause" }
      : { label: "$(debug-pause) Pause suggestions", command: "spanfill.pause" },
    {
      label: pausedLanguage
        ? `$(debug-start) Resume suggestions for ${pausedLanguage}`
        : `$(debug-pause) Pause suggestions for ${language ?? "this language"}`,
      command: "spanfill.pauseLanguage",
    },
    { label: "$(symbol-snippet) Select model…", command: "spanfill.selectModel" },
    { label: "$(graph) Show statistics", command: "spanfill.showStats" },
  ];
  return [
    ...(life.phase === "running" ? running : []),
    ...(life.phase === "missing"
      ? [{ label: "$(cloud-download) Install the server…", command: "spanfill.install" }]
      : []),
    { label: "$(heart) Check the installation", command: "spanfill.doctor" },
    { label: "$(output) Show log", command: "spanfill.showLog" },
    { label: "$(debug-restart) Restart server", command: "spanfill.restart" },
    { label: "$(gear) Settings", command: "spanfill.openSettings" },
  ];
}
