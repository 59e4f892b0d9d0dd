import { describe, expect, test } from '@jest/globals';
import { findLines, production, sources } from './tree.js';

const shipped = sources([...production, 'console']);
const everything = [...shipped, ...sources(['test', 'scripts'])];

describe('how the code is written', () => {
  test('a file stays under 300 lines', () => {
    const long = [...shipped, ...sources(['scripts'])].filter(({ lines }) => lines.length > 300);
    expect(long.map(({ path, lines }) => `${path}: ${lines.length} lines`)).toEqual([]);
  });

  test('an error that is thrown has a class and a code', () => {
    const files = shipped.filter(({ path }) => !path.endsWith('.config.ts'));
    expect(findLines(files, (line) => /\bthrow new Error\(/.test(line))).toEqual([]);
  });

  test('the compiler is never told to look away', () => {
    expect(findLines(everything, (line) => /^\s*(\/\/|\/\*)\s*@ts-(ignore|nocheck)/.test(line))).toEqual([]);
  });
});
