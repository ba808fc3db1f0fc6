/**
 * Installs the server into a virtual environment of this extension's own, when the user asks for it.
 *
 * Nothing is downloaded before that, and pip is used as it is set up: its index, its proxy.
 */

import { mkdir, rm } from "node:fs/promises";
import * as vscode from "vscode";
import { serverSettings } from "../settings/settings";
import { run } from "./cli";
import { privateEnvironment } from "./discovery";
import { onPath, programIn, scriptsOf } from "./executables";
import { activeInterpreter } from "./python";

const OLDEST = [3, 11] as const;
const INSTALL = "Install";

/** Ask whether to install, and do it; answers whether the server is there now. */
export async function install(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
): Promise<boolean> {
  const { package: what } = serverSettings();
  const answer = await vscode.window.showInformationMessage(
    "Install spanfill's server?",
    {
      modal: true,
      detail: `pip will fetch ${what} and what it needs into a virtual environment of this extension's own. The model, about 500 MB, is asked about next.`,
    },
    INSTALL,
  );
  if (answer !== INSTALL) return false;
  const progress = {
    location: vscode.ProgressLocation.Notification,
    title: "Installing spanfill",
    cancellable: true,
  };
  return vscode.window.withProgress(progress, async (report, token) => {
    try {
      await installed(context, what, log, report, token);
      return true;
    } catch (error) {
      await rm(privateEnvironment(context), { recursive: true, force: true });
      if (!token.isCancellationRequested) await failed(error, log);
      return false;
    }
  });
}

async function installed(
  context: vscode.ExtensionContext,
  what: string,
  log: vscode.LogOutputChannel,
  report: vscode.Progress<{ message: string }>,
  token: vscode.CancellationToken,
): Promise<void> {
  const folder = privateEnvironment(context);
  const cwd = context.globalStorageUri.fsPath;
  await mkdir(cwd, { recursive: true });
  const options = {
    cwd,
    environment: {},
    token,
    line: (text: string) => {
      log.info(text);
      report.report({ message: text.length > 60 ? `${text.slice(0, 59)}…` : text });
    },
  };
  const step = async (command: string[]) => {
    if (token.isCancellationRequested) throw new vscode.CancellationError();
    log.info(command.join(" "));
    const { code, stderr } = await run(command, options);
    if (code !== 0) throw new Error(stderr.trim().split("\n").at(-1) ?? `${command[0]} failed`);
  };
  const python = await interpreter(cwd);
  await step([...python, "-m", "venv", "--clear", folder]);
  const inside = await programIn(scriptsOf(folder), "python");
  if (inside === undefined) throw new Error("The virtual environment has no Python.");
  await step([inside, "-m", "pip", "install", "--disable-pip-version-check", what]);
}

/** A Python that is new enough, as the first words of a command. */
async function interpreter(cwd: string): Promise<string[]> {
  const trusted = vscode.workspace.isTrusted ? await activeInterpreter() : undefined;
  const names = await Promise.all(["python3", "python", "py"].map((name) => onPath(name)));
  const check = `import sys; sys.exit(sys.version_info < (${OLDEST.join(", ")}))`;
  for (const program of [trusted, ...names]) {
    if (program === undefined) continue;
    const { code } = await run([program, "-c", check], { cwd, environment: {} }).catch(() => ({ code: 1 }));
    if (code === 0) return [program];
  }
  throw new Error(
    `Python ${OLDEST.join(".")} or newer is needed, and none was found. Install it, then try again.`,
  );
}

async function failed(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  const reason = error instanceof Error ? error.message : String(error);
  log.error(reason);
  const show = "Show Log";
  const answer = await vscode.window.showErrorMessage(`spanfill could not be installed: ${reason}`, show);
  if (answer === show) log.show();
}
