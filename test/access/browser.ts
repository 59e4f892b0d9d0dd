import type { FastifyInstance, InjectOptions } from 'fastify';

/** What a browser does with cookies, redirects and its own headers, over a server in this process. */
export class Visitor {
  readonly cookies = new Map<string, string>();
  /** `Set-Cookie` headers as they came, the newest last. */
  readonly set: string[] = [];

  constructor(
    private readonly http: FastifyInstance,
    private readonly host = 'refill.example',
    private readonly from: Record<string, string> = {},
  ) {}

  async go(method: 'GET' | 'POST' | 'DELETE', url: string, options: Partial<InjectOptions> = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await this.http.inject({
      method,
      url,
      remoteAddress: '127.0.0.1',
      ...options,
      headers: { host: this.host, ...(cookie && { cookie }), ...this.from, ...options.headers },
    });
    for (const set of [answer.headers['set-cookie'] ?? []].flat()) {
      this.set.push(set);
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  /** As our own page sends it. */
  post(url: string, body: unknown = {}, headers: Record<string, string> = {}) {
    return this.go('POST', url, {
      headers: {
        'content-type': 'application/json',
        'x-refill-page': '1',
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
      body: JSON.stringify(body),
    });
  }

  session(): Promise<Record<string, unknown>> {
    return this.go('GET', '/console/session').then((answer) => answer.json());
  }
}
