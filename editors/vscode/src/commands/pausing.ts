/** Pausing suggestions: altogether until the server ends, or for a language in the settings. */

import * as vscode from "vscode";
import type { Client } from "../server/client";
import { COMMANDS } from "../server/protocol";
import { change, disabledLanguages } from "../settings/settings";

/** Pause or resume, whichever is the other. */
export async function togglePause(client: Client | undefined): Promise<void> {
  await client?.run<boolean>(COMMANDS.pause, []);
}

/** Switch suggestions off for the active document's language, or on again. */
export async function toggleLanguage(): Promise<void> {
  const language = vscode.window.activeTextEditor?.document.languageId;
  if (language === undefined) return;
  const off = disabledLanguages();
  const next = off.includes(language) ? off.filter((one) => one !== language) : [...off, language];
  await change("files.disabledLanguages", next);
}
