import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { RefillError } from './errors.js';

/** An address that came from outside is none that may be called. */
export class OutboundRefused extends RefillError {
  readonly code = 'OUTBOUND_REFUSED';
}

export interface OutboundRules {
  /**
   * Hosts that may be called: `smba.trafficmanager.net`, or `*.botframework.com` for every name below it. Compared with the
   * host of the URL after parsing, never with its text.
   */
  readonly hosts: readonly string[];
  /** Lets `http:` and addresses of this machine through, for simulators. Private networks stay shut. */
  readonly local?: boolean;
}

/**
 * The one gate for URLs that come from outside (FAULTS.md 55): https on its standard port, no credentials, a host of the list, and
 * no bare address. What it lets through is to be called with `safeLookup` and without following redirects.
 *
 * @throws OutboundRefused, which does not repeat the URL.
 */
export function outboundUrl(text: string, { hosts, local = false }: OutboundRules): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw new OutboundRefused('not a URL');
  if (url.username !== '' || url.password !== '') throw new OutboundRefused('a URL with credentials');
  const host = url.hostname.replace(/\.$/, '');
  if (local && isLoopback(host) && /^https?:$/.test(url.protocol)) return url;
  if (url.protocol !== 'https:' || url.port !== '') throw new OutboundRefused('not https on its own port');
  if (!hosts.some((pattern) => matches(host, pattern))) throw new OutboundRefused('not a host that may be called');
  return url;
}

function matches(host: string, pattern: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
}

/** Whether a URL leads to this machine, by http or https. */
export function isOfThisMachine(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return isLoopback(hostname) && /^https?:$/.test(protocol);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Networks nobody outside may send us into (IANA special-purpose registries, RFC 6890): cloud metadata is in 169.254/16. */
const INSIDE = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  INSIDE.addSubnet(net, prefix, 'ipv4');
}
for (const [net, prefix] of [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  INSIDE.addSubnet(net, prefix, 'ipv6');
}

/**
 * Whether an IP address belongs to this machine or a network that is not the internet. IPv4 written as IPv6 counts as IPv4, and so
 * does what a network without IPv4 reaches it by (NAT64, RFC 6052): every name looks like that to it.
 */
export function isInside(address: string): boolean {
  const translated = ipv4Behind(address);
  if (translated !== undefined) return isInside(translated);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return isInside(mapped);
  const family = isIP(address);
  if (family === 0) return true;
  return INSIDE.check(address, family === 4 ? 'ipv4' : 'ipv6') || /^::ffff:/i.test(address);
}

/** The IPv4 address in one of 64:ff9b::/96. */
function ipv4Behind(address: string): string | undefined {
  if (isIP(address) !== 6 || !URL.canParse(`http://[${address}]`)) return undefined;
  // A URL spells every address in one way.
  const [, groups] =
    /^\[64:ff9b::((?:[0-9a-f]{1,4}:)?[0-9a-f]{1,4}|)\]$/.exec(new URL(`http://[${address}]`).hostname) ?? [];
  if (groups === undefined) return undefined;
  const [low = 0, high = 0] = groups
    .split(':')
    .map((group) => Number.parseInt(group || '0', 16))
    .reverse();
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/**
 * For `connect: { lookup }`: the addresses a connection is made to are the ones that were checked, in one step, so a name that
 * answers differently the second time (DNS rebinding) gains nothing. `dns` is the resolver; tests bring their own.
 */
export function safeLookup(dns: typeof resolve = resolve): LookupFunction {
  return (hostname, options, callback) => {
    dns(hostname, { ...options, all: true }, (error, addresses) => {
      const refused =
        error ??
        (addresses.length === 0 || addresses.some(({ address }) => isInside(address))
          ? new OutboundRefused('the host is inside of a network that is not the internet')
          : null);
      const [first] = addresses ?? [];
      if (refused !== null || first === undefined) {
        callback(refused as NodeJS.ErrnoException, '', 4);
        return;
      }
      if (options.all === true) (callback as unknown as (error: null, all: typeof addresses) => void)(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
