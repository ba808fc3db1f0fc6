/** The commands that fill: from the palette and keys for the active editor, from code actions for their place. */

import * as vscode from "vscode";
import type { Fills } from "../canvas/fills";
import type { Client } from "../server/client";
import { COMMANDS, type Mode, type Place } from "../server/protocol";
import { chosen, offersFor } from "./offers";
import { activeEditor, editorWithSelection, targetOfOffer } from "./targets";

const NO_OFFER = {
  [COMMANDS.optimise]: "the model that is loaded takes no instructions, so it can't optimise.",
  [COMMANDS.fix]: "there is no problem at the cursor that the loaded model could fix.",
};

export class FillingCommands {
  constructor(
    private readonly fills: Fills,
    private readonly client: () => Client | undefined,
  ) {}

  register(): vscode.Disposable[] {
    const command = (id: string, run: (argument?: unknown) => Promise<void>) =>
      vscode.commands.registerCommand(id, run);
    return [
      command("spanfill.fillSelection", (argument) => this.fill("region", argument)),
      command("spanfill.fillFunctionBody", (argument) => this.fill("function", argument)),
      // The server's name for filling a body that is there already.
      command("spanfill.regenerate", (argument) => this.fill("function", argument)),
      command(COMMANDS.rewrite, (argument) => this.rewrite(argument)),
      command(COMMANDS.fix, (argument) => this.offered(COMMANDS.fix, argument)),
      command(COMMANDS.optimise, (argument) => this.offered(COMMANDS.optimise, argument)),
      command("spanfill.canvas.accept", () => this.fills.accept()),
      command("spanfill.canvas.regenerate", () => this.fills.regenerate()),
      command("spanfill.canvas.discard", () => this.fills.discard()),
    ];
  }

  private async fill(mode: Mode, argument: unknown): Promise<void> {
    if (argument !== undefined) return this.at(argument, mode);
    const editor = mode === "function" ? activeEditor() : editorWithSelection();
    if (editor === undefined) return;
    const { start, end, active } = editor.selection;
    const place: Place =
      mode === "function" ? { position: plain(active) } : { range: plainRange(start, end) };
    await this.fills.start(editor.document, { ...place, mode });
  }

  private async rewrite(argument: unknown): Promise<void> {
    if (argument !== undefined) return this.at(argument, "region");
    const editor = editorWithSelection();
    if (editor === undefined) return;
    const { document, selection } = editor;
    const version = document.version;
    const instruction = await vscode.window.showInputBox({
      title: "spanfill: rewrite the selection",
      prompt: "What should become of it?",
      placeHolder: "add type hints",
      validateInput: (text) => (text.trim() === "" ? "Say what to do." : undefined),
    });
    if (instruction === undefined) return;
    if (document.version !== version) {
      void vscode.window.showInformationMessage("spanfill: the text changed meanwhile; select it again.");
      return;
    }
    const range = plainRange(selection.start, selection.end);
    await this.fills.start(document, { range, mode: "region", instruction });
  }

  /** Run what the server offers under a command's name. */
  private async offered(command: keyof typeof NO_OFFER, argument: unknown): Promise<void> {
    if (argument !== undefined) return this.at(argument, "region");
    const client = this.client();
    const editor = command === COMMANDS.optimise ? editorWithSelection() : activeEditor();
    if (client === undefined || editor === undefined) return;
    const offers = await offersFor(client, editor.document, editor.selection, command);
    const offer = await chosen(offers, NO_OFFER[command]);
    if (offer) await this.at(offer.argument, "region");
  }

  /** Fill the place that an argument made by the server names. */
  private async at(argument: unknown, mode: Mode): Promise<void> {
    const target = targetOfOffer(argument);
    if (target === undefined) {
      void vscode.window.showInformationMessage("spanfill: the text has changed since; ask again.");
      return;
    }
    await this.fills.start(target.document, { ...target.place, mode: target.place.mode ?? mode });
  }
}

function plain({ line, character }: vscode.Position): { line: number; character: number } {
  return { line, character };
}

function plainRange(start: vscode.Position, end: vscode.Position): NonNullable<Place["range"]> {
  return { start: plain(start), end: plain(end) };
}
