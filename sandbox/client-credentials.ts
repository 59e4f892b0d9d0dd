import { z } from 'zod';

const answerSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive().default(60) });

/**
 * Gets and keeps a bearer token for those who call Refill: the `authorization` of a `RefillConnection`. Resolves to
 * `undefined` when Refill gives none; the push then goes without and Refill says what it thinks of that.
 */
export function clientCredentials(
  tokenUrl: string,
  clientId: string,
  clientSecret: string,
): () => Promise<string | undefined> {
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64');
  let kept: { header: string; until: number } | undefined;
  return async () => {
    if (kept !== undefined && kept.until > Date.now()) return kept.header;
    const response = await fetch(tokenUrl, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
      signal: AbortSignal.timeout(5000),
    });
    const answer = answerSchema.safeParse(response.ok ? await response.json() : undefined);
    if (!answer.success) return undefined;
    const { access_token, expires_in } = answer.data;
    // A tenth early, so that no push leaves with a token that ends on the way.
    kept = { header: `Bearer ${access_token}`, until: Date.now() + expires_in * 900 };
    return kept.header;
  };
}
