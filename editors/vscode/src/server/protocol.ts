/**
 * The messages that the server speaks beyond the LSP, as docs/protocol.md has them.
 *
 * Types alone: nothing here knows a connection or the editor.
 */

/** A place in a text: line from 0, UTF-16 code units into it. */
export interface Position {
  line: number;
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

export type SlotState = "masked" | "draft" | "committed";

/** One slot of a canvas. A masked slot's text is a mask sign. */
export interface Slot {
  text: string;
  state: SlotState;
}

/** `spanfill/frame`: the canvas after a pass. */
export interface Frame {
  id: string;
  textDocument: { uri: string; version: number };
  range: Range;
  text: string;
  slots: Slot[];
  pass: number;
  committedTokens: number;
  elapsedMs: number;
  tokensPerSecond: number;
}

export type Mode = "line" | "block" | "function" | "region" | "statement";

/** What is to be filled: a cursor or a selection, and how. */
export interface Place {
  range?: Range;
  position?: Position;
  mode?: Mode;
  instruction?: string;
}

/** The parameters of `spanfill/fill`. */
export interface FillParams extends Place {
  textDocument: { uri: string; version: number };
  id: string;
}

export interface FillStatistics {
  mode: string;
  model: string;
  device: string;
  tokens: number;
  passes: number;
  tokensPerPass: number;
  totalMs: number;
}

/** The answer of `spanfill/fill`: `text` belongs in `range` of the version that was asked about. */
export interface FillAnswer {
  id: string;
  text: string;
  range: Range;
  statistics: FillStatistics;
}

export type EngineState = "unloaded" | "loading" | "ready" | "busy" | "error";

/** `spanfill/status`. */
export interface EngineStatus {
  state: EngineState;
  model: string | null;
  device: string | null;
  detail: string | null;
  lastMs: number | null;
  paused: boolean;
}

/** The argument of a command that a code action of the server carries. */
export interface OfferArgument extends Place {
  textDocument: { uri: string; version?: number | null };
}

export const FILL = "spanfill/fill";
export const FRAME = "spanfill/frame";
export const STATUS = "spanfill/status";
export const DID_SHOW = "spanfill/didShow";
export const DID_ACCEPT = "spanfill/didAccept";
export const DID_REJECT = "spanfill/didReject";
export const DID_CHANGE_CURSORS = "spanfill/didChangeCursors";

/** The commands that the server may announce; what it does not announce is not offered. */
export const COMMANDS = {
  explain: "spanfill.explain",
  fix: "spanfill.fixDiagnostic",
  optimise: "spanfill.optimise",
  rewrite: "spanfill.rewrite",
  pause: "spanfill.pause",
  selectModel: "spanfill.selectModel",
  stats: "spanfill.showStats",
} as const;

/** What a server can do, from its answer to `initialize`. */
export interface Abilities {
  fill: boolean;
  commands: ReadonlySet<string>;
}

/** Read a server's capabilities, of which nothing need be there. */
export function abilitiesOf(capabilities: unknown): Abilities {
  const { experimental, executeCommandProvider } = (capabilities ?? {}) as {
    experimental?: { spanfill?: { fill?: unknown } };
    executeCommandProvider?: { commands?: string[] };
  };
  return {
    fill: experimental?.spanfill?.fill === true,
    commands: new Set(executeCommandProvider?.commands ?? []),
  };
}
