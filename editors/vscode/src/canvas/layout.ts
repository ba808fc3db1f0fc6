/**
 * A canvas as a text with coloured parts: what stands before the hole, the slots, what stands after it.
 *
 * Pure: knows slots and positions, neither editors nor decorations.
 */

import type { Position, Range, Slot, SlotState } from "../server/protocol";
import { LineIndex } from "./positions";

/** Neighbouring slots of one state. */
export interface Run {
  state: SlotState;
  range: Range;
}

export interface Layout {
  /** The whole document with the canvas in the hole's place. */
  content: string;
  /** Where the canvas's text is in it. */
  filled: Range;
  runs: Run[];
}

/** A document around a hole. */
export interface Surroundings {
  before: string;
  after: string;
  /** Where the hole begins. */
  start: Position;
}

/** Slots joined where neighbours have the same state; slots without text are left out. */
export function merged(slots: readonly Slot[]): Slot[] {
  const runs: Slot[] = [];
  for (const { text, state } of slots) {
    if (text === "") continue;
    const last = runs.at(-1);
    if (last?.state === state) {
      last.text += text;
    } else {
      runs.push({ text, state });
    }
  }
  return runs;
}

/** Put slots into a hole. */
export function layOut({ before, after, start }: Surroundings, slots: readonly Slot[]): Layout {
  const parts = merged(slots);
  const text = parts.map((part) => part.text).join("");
  const index = new LineIndex(text, start);
  const runs: Run[] = [];
  let offset = 0;
  for (const part of parts) {
    const range = { start: index.at(offset), end: index.at(offset + part.text.length) };
    runs.push({ state: part.state, range });
    offset += part.text.length;
  }
  return { content: before + text + after, filled: { start, end: index.at(text.length) }, runs };
}
