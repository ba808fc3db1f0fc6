/** Statistics and the doctor's findings as Markdown. Pure. */

/** What `spanfill.showStats` answers, as far as it is shown. */
export interface Statistics {
  fills: number;
  offered: number;
  shown: number;
  accepted: number;
  rejected: number;
  reused: number;
  cancelled: number;
  acceptance: number | null;
  tokensPerPass: number | null;
  cacheHits: number | null;
  latencyMs: Percentiles | null;
  overheadMs: Percentiles | null;
  status?: { model?: string | null; device?: string | null };
}

interface Percentiles {
  p50: number;
  p95: number;
  p99: number;
}

/** What `spanfill doctor --json` prints, as far as it is shown. */
export interface Findings {
  ok: boolean;
  checks: { name: string; ok: boolean; detail: string }[];
}

/** A session's statistics; they never leave the machine. */
export function statisticsTable(stats: Statistics): string {
  const rows: [string, string][] = [
    ["Model", stats.status?.model ?? "none in memory"],
    ["Device", stats.status?.device ?? "–"],
    ["Suggestions offered, shown", `${stats.offered}, ${stats.shown}`],
    ["Accepted, rejected", `${stats.accepted}, ${stats.rejected}`],
    ["Share accepted", share(stats.acceptance)],
    ["Fills by the model, from memory", `${stats.fills}, ${stats.reused}`],
    ["Cancelled", String(stats.cancelled)],
    ["Tokens a pass", stats.tokensPerPass?.toFixed(2) ?? "–"],
    ["Context found in the cache", share(stats.cacheHits)],
    ["Latency p50, p95, p99", percentiles(stats.latencyMs)],
    ["… without the model", percentiles(stats.overheadMs)],
  ];
  return [
    "Since the server started. These numbers stay in its memory and leave the machine never.",
    table(["", ""], rows),
  ].join("\n\n");
}

/** The doctor's checks, failures with what to do. */
export function findingsTable(findings: Findings): string {
  const rows = findings.checks.map(({ name, ok, detail }): [string, string, string] => [
    ok ? "✓" : "**✗**",
    name,
    detail,
  ]);
  const verdict = findings.ok ? "Everything is there." : "Something is missing:";
  return [verdict, table(["", "Check", "Finding"], rows)].join("\n\n");
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replace(/\s+/g, " ");
}

function share(part: number | null): string {
  return part === null ? "–" : `${Math.round(part * 100)} %`;
}

function percentiles(of: Percentiles | null): string {
  return of === null ? "–" : [of.p50, of.p95, of.p99].map((ms) => `${Math.round(ms)} ms`).join(", ");
}
