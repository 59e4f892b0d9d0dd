/** A line of a CSV file. `line` is where it begins: a quoted cell may hold line ends. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** A line that cannot be cut into cells. */
export interface CsvFault {
  readonly line: number;
  readonly fault: string;
}

/** A cell in quotes, or bare; then what ends it. Its length is bounded so that a lost quote does not swallow the file. */
const CELL = /(?:"((?:[^"]|""){0,1000})"[ \t]{0,1000}|([^",\r\n][^,\r\n]{0,1000}|))(,|\r\n|\n|\r|$)/y;
/** More than the longest cell with its ending takes: a match that has so much text before it is the same with more. */
const LONGEST = 4096;
const MAX_CELLS = 1000;
const FAULT = 'a quote is not closed, something follows one that is, or a cell is longer than 1,000 characters';
const TOO_MANY = 'more than 1,000 cells';

/**
 * Reads CSV (RFC 4180; any of the three line ends, cells trimmed, empty lines passed over) as it comes, piece by piece, and holds
 * a line at most. A malformed line is a fault, and reading goes on after it.
 */
export async function* readCsv(pieces: AsyncIterable<string>): AsyncIterable<CsvRow | CsvFault> {
  const cutter = new Cutter();
  for await (const piece of pieces) yield* cutter.cut(piece, false);
  yield* cutter.cut('', true);
}

class Cutter {
  #text = '';
  #at = 0;
  /** Where the reading is, and where the row that is being read began. */
  #line = 1;
  #rowLine = 1;
  #cells: string[] = [];
  /** After a fault: the rest of the line is passed over. */
  #skipping = false;

  /** The rows that `piece` completes. */
  *cut(piece: string, last: boolean): Iterable<CsvRow | CsvFault> {
    this.#text = this.#text.slice(this.#at) + piece;
    this.#at = 0;
    while (last ? this.#at < this.#text.length || this.#cells.length > 0 : this.#text.length - this.#at > LONGEST) {
      const found = this.#skipping ? this.#skip(last) : this.#cell();
      if (found !== undefined) yield found;
    }
  }

  /** The row that the next cell ends, or why there is none. */
  #cell(): CsvRow | CsvFault | undefined {
    CELL.lastIndex = this.#at;
    const match = CELL.exec(this.#text);
    if (match === null) return this.#fault(FAULT);
    const [whole, quoted, bare = '', end] = match;
    if (this.#cells.length === MAX_CELLS) return this.#fault(TOO_MANY);
    this.#cells.push((quoted === undefined ? bare : quoted.replaceAll('""', '"')).trim());
    this.#at += whole.length;
    if (quoted !== undefined) this.#line += lineEnds(quoted);
    if (end === ',') return undefined;
    const row = { line: this.#rowLine, cells: this.#cells };
    this.#nextRow();
    return row.cells.some((cell) => cell !== '') ? row : undefined;
  }

  #fault(fault: string): CsvFault {
    this.#cells = [];
    this.#skipping = true;
    return { line: this.#rowLine, fault };
  }

  #skip(last: boolean): undefined {
    const lineEnd = /\r\n|\n|\r/g;
    lineEnd.lastIndex = this.#at;
    const found = lineEnd.exec(this.#text);
    const end = found === null ? this.#text.length : found.index + found[0].length;
    // A carriage return at the very end may be half of a line end.
    const half = !last && found !== null && end === this.#text.length && found[0] === '\r';
    this.#at = half ? found.index : end;
    if (found === null || half) return;
    this.#skipping = false;
    this.#nextRow();
  }

  #nextRow(): void {
    this.#line++;
    this.#rowLine = this.#line;
    this.#cells = [];
  }
}

function lineEnds(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}
