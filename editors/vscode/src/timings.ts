/** How long the extension keeps the editor's thread at each keystroke, for the tests and for the curious. */

const KEPT = 2000;

export type Handler = "didChange" | "watchChange" | "inlineCompletion" | "cursors";

/** The latest times of each handler in milliseconds, oldest first. */
export class Timings {
  private readonly times = new Map<Handler, number[]>();

  /** Run a handler and note how long its synchronous part took. */
  measure<T>(handler: Handler, work: () => T): T {
    const started = performance.now();
    try {
      return work();
    } finally {
      this.add(handler, performance.now() - started);
    }
  }

  private add(handler: Handler, ms: number): void {
    const kept = this.times.get(handler) ?? [];
    this.times.set(handler, kept);
    kept.push(ms);
    if (kept.length > KEPT) {
      kept.shift();
    }
  }

  /** Everything noted since the last call with `clear`. */
  report(clear = false): Record<string, number[]> {
    const report = Object.fromEntries([...this.times].map(([name, times]) => [name, [...times]]));
    if (clear) {
      this.times.clear();
    }
    return report;
  }
}
