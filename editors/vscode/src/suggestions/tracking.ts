/**
 * What becomes of suggestions: shown, accepted, rejected. Pure: the editor's events in, reports out.
 *
 * VS Code's stable API has an event for acceptance alone. A suggestion counts as shown when it is the answer
 * for the place where the cursor still is, and as rejected when another one, or none, takes its place or
 * the cursor leaves its line. Typing along keeps it: the server gives the rest of a suggestion the same id.
 */

export interface Suggestion {
  id: string;
  length: number;
}

export interface Reports {
  shown(id: string): void;
  accepted(id: string, length: number): void;
  rejected(id: string): void;
}

export class Tracking {
  private current: (Suggestion & { uri: string; line: number }) | undefined;

  constructor(private readonly reports: Reports) {}

  /** The answer to a request at the cursor; undefined where there is no suggestion. */
  answered(uri: string, line: number, suggestion: Suggestion | undefined): void {
    if (suggestion !== undefined && suggestion.id === this.current?.id) {
      this.current = { ...suggestion, uri, line };
      return;
    }
    this.reject();
    if (suggestion !== undefined) {
      this.current = { ...suggestion, uri, line };
      this.reports.shown(suggestion.id);
    }
  }

  /** The editor has put a suggestion in. */
  accepted(id: string): void {
    const length = this.current?.id === id ? this.current.length : 0;
    this.current = undefined;
    this.reports.accepted(id, length);
  }

  /** Whether a cursor there has left the suggestion's line. */
  left(uri: string, line: number): boolean {
    return this.current !== undefined && (this.current.uri !== uri || this.current.line !== line);
  }

  /** The suggestion on screen, if there is one, is gone. */
  reject(): void {
    const gone = this.current;
    this.current = undefined;
    if (gone !== undefined) {
      this.reports.rejected(gone.id);
    }
  }
}
