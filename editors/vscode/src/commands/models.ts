/** Choosing and fetching models. What there is, `spanfill models list` says. */

import * as vscode from "vscode";
import type { Client } from "../server/client";
import { json, run, type RunOptions } from "../server/cli";
import { COMMANDS } from "../server/protocol";
import { change, serverSettings } from "../settings/settings";

/** One line of `spanfill models list --json`. */
interface Model {
  name: string;
  kind: string;
  installed: boolean;
  bytes: number;
  licence: string;
  quantization?: string;
  default?: boolean;
}

const FETCH = "Fetch";

export class Models {
  constructor(
    private readonly folder: string,
    private readonly log: vscode.LogOutputChannel,
    private readonly command: () => readonly string[] | undefined,
    private readonly client: () => Client | undefined,
  ) {}

  /** Let the user pick a model, fetch it if it is not there, and use it. */
  async select(): Promise<void> {
    const models = await this.listed();
    if (models === undefined) return;
    const current = vscode.workspace.getConfiguration("spanfill").get<string | null>("model.name", null);
    const picks = models.map((model) => ({ label: model.name, description: described(model), model }));
    const pick = await vscode.window.showQuickPick(picks, {
      title: "spanfill: select the model",
      placeHolder: current ?? "The default model is in use",
      matchOnDescription: true,
    });
    if (pick === undefined || (!pick.model.installed && !(await this.fetch(pick.model)))) return;
    if (pick.model.name === current) {
      await this.client()?.run(COMMANDS.selectModel, [pick.model.name]); // it is tried anew
    } else {
      await change("model.name", pick.model.name);
    }
  }

  /** Offer to fetch the default model where it is missing; answers whether it has been fetched. */
  async offerDefault(): Promise<boolean> {
    const models = await this.listed();
    const model = models?.find((one) => one.default) ?? models?.[0];
    return model !== undefined && !model.installed && this.fetch(model);
  }

  private async listed(): Promise<Model[] | undefined> {
    const command = this.command();
    if (command === undefined) return undefined;
    try {
      return await json<Model[]>([...command, "models", "list", "--json"], this.options());
    } catch (error) {
      await vscode.window.showErrorMessage(`spanfill: the models can't be listed. ${String(error)}`);
      return undefined;
    }
  }

  private async fetch(model: Model): Promise<boolean> {
    const question = `Fetch the model ${model.name} (${megabytes(model.bytes)}, ${model.licence})?`;
    if ((await vscode.window.showInformationMessage(question, FETCH)) !== FETCH) return false;
    const progress = {
      location: vscode.ProgressLocation.Notification,
      title: `Fetching ${model.name}`,
      cancellable: true,
    };
    return vscode.window.withProgress(progress, async (report, token) => {
      const line = (text: string) => {
        this.log.info(text);
        report.report({ message: text.length > 60 ? `${text.slice(0, 59)}…` : text });
      };
      const words = [...(this.command() ?? []), "models", "pull", model.name];
      const { code, stderr } = await run(words, { ...this.options(), token, line });
      if (code !== 0 && !token.isCancellationRequested) {
        const reason = stderr.trim().split("\n").at(-1) ?? "";
        void vscode.window.showErrorMessage(`spanfill: the model could not be fetched. ${reason}`);
      }
      return code === 0;
    });
  }

  private options(): RunOptions {
    return { cwd: this.folder, environment: serverSettings().environment };
  }
}

function described(model: Model): string {
  const facts = [model.kind, model.quantization, model.licence, megabytes(model.bytes)];
  return [...facts.filter(Boolean), model.installed ? "installed" : "to be fetched"].join(" · ");
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
