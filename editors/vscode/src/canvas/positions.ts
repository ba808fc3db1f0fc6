/** From offsets in a text to lines and characters, as editors count them. Pure. */

import type { Position } from "../server/protocol";

/** The lines of a text that begins somewhere inside a document. Lines end in `\r\n`, `\n` and `\r`. */
export class LineIndex {
  /** The offset at which each line begins. */
  private readonly starts: number[] = [0];

  /** `origin` is where the text's first character stands in its document. */
  constructor(
    private readonly text: string,
    private readonly origin: Position,
  ) {
    for (const found of text.matchAll(/\r\n|\n|\r/g)) {
      this.starts.push(found.index + found[0].length);
    }
  }

  /** The position of an offset in UTF-16 code units. Between `\r` and `\n` there is none: it is before both. */
  at(offset: number): Position {
    const place = this.text[offset - 1] === "\r" && this.text[offset] === "\n" ? offset - 1 : offset;
    const row = this.rowOf(place);
    const character = place - (this.starts[row] ?? 0);
    return {
      line: this.origin.line + row,
      character: row === 0 ? this.origin.character + character : character,
    };
  }

  /** The last line that begins at or before an offset. */
  private rowOf(offset: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.starts[middle] ?? Infinity) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
