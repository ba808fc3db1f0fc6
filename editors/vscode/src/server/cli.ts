/** Runs the server's command line for its answers in JSON. */

import { spawn } from "node:child_process";
import type { CancellationToken } from "vscode";

export interface RunOptions {
  cwd: string;
  environment: Record<string, string>;
  token?: CancellationToken;
  /** Hears each line of standard error, and of standard output too where that is not the answer. */
  line?: (text: string) => void;
}

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Run a program to its end; cancelling the token ends it. Rejects where it can't be started. */
export function run(command: readonly string[], options: RunOptions): Promise<Finished> {
  const [program = "", ...words] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      cwd: options.cwd,
      env: { ...process.env, ...options.environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        texts[name] += text;
        for (const line of text.split(/\r?\n|\r/)) if (line.trim()) options.line?.(line.trim());
      });
    }
    const cancelling = options.token?.onCancellationRequested(() => child.kill());
    child.on("error", reject);
    child.on("close", (code) => {
      cancelling?.dispose();
      resolve({ code, ...texts });
    });
  });
}

/** The JSON that a command prints, whatever its exit status: a doctor that finds something missing fails. */
export async function json<T>(command: readonly string[], options: RunOptions): Promise<T> {
  const { stdout, stderr } = await run(command, options);
  try {
    return JSON.parse(stdout) as T;
  } catch {
    throw new Error(stderr.trim().split("\n").at(-1) ?? "The command answered nothing.");
  }
}
