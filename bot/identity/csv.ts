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
const CELL = /(?:"((?:[^"]|""){0,1000})"[ \t]*|([^",\r\n][^,\r\n]{0,1000}|))(,|\r\n|\n|\r|$)/y;
const FAULT = 'a quote is not closed, something follows one that is, or a cell is longer than 1,000 characters';

/**
 * Reads CSV (RFC 4180; any of the three line ends, cells trimmed, empty lines passed over). A malformed line is a fault, and
 * reading goes on after it.
 */
export function* readCsv(text: string): Iterable<CsvRow | CsvFault> {
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const start = { at, line };
    const cells: string[] = [];
    let end = ',';
    while (end === ',') {
      CELL.lastIndex = at;
      const match = CELL.exec(text);
      if (match === null) break;
      const [whole, quoted, bare = '', ending = ''] = match;
      cells.push((quoted === undefined ? bare : quoted.replaceAll('""', '"')).trim());
      at += whole.length;
      if (quoted !== undefined) line += lineEnds(quoted);
      end = ending;
    }
    if (end === ',') {
      yield { line: start.line, fault: FAULT };
      at = endOfLine(text, at);
      line = start.line + lineEnds(text.slice(start.at, at));
      continue;
    }
    line++;
    if (cells.some((cell) => cell !== '')) yield { line: start.line, cells };
  }
}

function lineEnds(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}

function endOfLine(text: string, from: number): number {
  const rest = /\r\n|\n|\r|$/g;
  rest.lastIndex = from;
  const found = rest.exec(text);
  return found === null ? text.length : found.index + found[0].length;
}
