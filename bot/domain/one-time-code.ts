/** FAULTS.md 51 and 52: what keeps a one-time code from being guessed, and a phone from being flooded. */
export const CODE = {
  digits: 6,
  validForMs: 10 * 60_000,
  tries: 5,
  perHour: 3,
  perDay: 10,
} as const;

const ZEROS = [0x0660, 0x06f0];

/** The code somebody typed: six digits of any script, with whatever people put between them. `undefined`: it is none. */
export function codeIn(text: string): string | undefined {
  const digits = text
    .normalize('NFKC')
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => {
      const code = digit.charCodeAt(0);
      return String(code - (ZEROS.find((zero) => code >= zero && code <= zero + 9) ?? code));
    })
    .replace(/[\s\p{Pd}\p{Cf}.]/gu, '');
  return /^\d{6}$/.test(digits) ? digits : undefined;
}
