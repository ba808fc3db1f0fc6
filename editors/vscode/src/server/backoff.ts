/** When to start a crashed server again. Knows times, not processes. */

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
const WINDOW_MS = 180_000;
const MOST_CRASHES = 5;

/** Counts crashes: each of a row waits twice as long as the one before, and the fifth is the last. */
export class Backoff {
  private crashes: number[] = [];

  /** The pause before the next start in milliseconds; undefined where it is time to give up. */
  crashed(nowMs: number): number | undefined {
    this.crashes = [...this.crashes.filter((then) => nowMs - then < WINDOW_MS), nowMs];
    const count = this.crashes.length;
    if (count >= MOST_CRASHES) {
      return undefined;
    }
    return Math.min(FIRST_DELAY_MS * 2 ** (count - 1), LONGEST_DELAY_MS);
  }

  /** The user has asked for a start: what was before does not count. */
  reset(): void {
    this.crashes = [];
  }
}
