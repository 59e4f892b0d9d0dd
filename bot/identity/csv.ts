/** A line of a CSV file. `line` is where it begins: a quoted cell may hold line ends. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** A quote that is not closed, or text after a closing one: what `CsvRow.cells` holds cannot be trusted. */
export interface CsvFault {
  readonly line: number;
  readonly fault: string;
}

/** A cell in quotes, or bare; then what ends it. */
const CELL = /(?:"((?:[^"]|"")*)"[ \t]*|([^",\r\n][^,\r\n]*|))(,|\r\n|\n|\r|$)/y;

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
      yield { line: start.line, fault: 'a quote is not closed, or something follows one that is' };
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
