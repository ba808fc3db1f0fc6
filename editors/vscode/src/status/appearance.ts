/** What the status bar says. Pure: the state of the server and of the engine in, words and signs out. */

import type { EngineStatus } from "../server/protocol";
import type { Life } from "../server/supervisor";

export interface Situation {
  /** The setting `spanfill.enabled`. */
  enabled: boolean;
  life: Life;
  engine: EngineStatus | undefined;
  /** The active document's language, where suggestions are off for it. */
  pausedLanguage: string | undefined;
}

export interface Appearance {
  text: string;
  /** One sentence without signs: for the tooltip's head, and for screen readers. */
  label: string;
  alarm?: "error" | "warning";
}

/** The status bar's words for a situation, the most urgent first. */
export function appearance({ enabled, life, engine, pausedLanguage }: Situation): Appearance {
  if (!enabled) return { text: "$(circle-slash) spanfill", label: "spanfill: disabled" };
  switch (life.phase) {
    case "stopped":
      return { text: "$(circle-slash) spanfill", label: "spanfill: stopped" };
    case "starting":
    case "waiting":
      return { text: "$(loading~spin) spanfill", label: "spanfill: starting" };
    case "missing":
      return { text: "$(warning) spanfill", label: "spanfill: not installed", alarm: "warning" };
    case "failed":
      return { text: "$(error) spanfill", label: "spanfill: error", alarm: "error" };
    case "running":
      return ofEngine(engine, pausedLanguage);
  }
}

function ofEngine(engine: EngineStatus | undefined, pausedLanguage: string | undefined): Appearance {
  if (engine?.state === "error") {
    return { text: "$(error) spanfill", label: "spanfill: error", alarm: "error" };
  }
  if (engine?.paused) return { text: "$(debug-pause) spanfill", label: "spanfill: paused" };
  if (pausedLanguage !== undefined) {
    const label = `spanfill: paused for ${pausedLanguage}`;
    return { text: "$(debug-pause) spanfill", label };
  }
  switch (engine?.state) {
    case undefined:
    case "loading":
      return { text: "$(loading~spin) spanfill loading", label: "spanfill: loading" };
    case "unloaded":
      return { text: "$(sparkle) spanfill", label: "spanfill: model not in memory" };
    case "busy":
      return { text: "$(sync~spin) spanfill", label: "spanfill: busy" };
    case "ready": {
      const facts = [engine.device, milliseconds(engine.lastMs)].filter((fact) => fact !== undefined);
      const words = facts.filter((fact) => fact !== null);
      return {
        text: ["$(sparkle) spanfill", ...words].join(" "),
        label: ["spanfill: ready", ...words].join(", "),
      };
    }
  }
}

/** `1,139 ms` as `1.1 s`; undefined for none. */
export function milliseconds(ms: number | null): string | undefined {
  if (ms === null) return undefined;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
