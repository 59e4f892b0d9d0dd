import { type Logger, pino } from 'pino';

export type { Logger };

/**
 * JSON lines on standard output. Nobody logs what people wrote or who they are; what might hold it all the same is cut out
 * here, so that one careless line does not become a leak.
 */
export function createLog(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: [
        'msisdn',
        'token',
        'secret',
        'authorization',
        '*.msisdn',
        '*.token',
        '*.secret',
        '*.authorization',
        'req.headers',
        'headers',
      ],
      censor: '[redacted]',
    },
    serializers: { err: errorForLog, error: errorForLog },
  });
}

/** Name, code, stack and cause: messages of foreign errors may quote what was sent, so digits that could be numbers are masked. */
function errorForLog(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, message, stack, cause } = error;
  const code = (error as { code?: unknown }).code;
  return {
    type: name,
    ...(typeof code === 'string' && { code }),
    message: mask(message),
    stack: mask(stack ?? ''),
    ...(cause !== undefined && { cause: errorForLog(cause) }),
  };
}

/** Seven digits and more in a row may be a phone number. */
function mask(text: string): string {
  return text.replaceAll(/\d{7,}/g, (digits) => `…${digits.slice(-2)}`);
}
