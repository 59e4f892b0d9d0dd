import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, inflateRawSync, inflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { root } from '../house/tree.js';

const APP = '11111111-2222-3333-4444-555555555555';
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'refill-teams-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function pack(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const out = join(folder, 'new', 'app.zip');
  const script = join(root, 'scripts/teams-package.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, '--out', out, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  return { status, stderr, out };
}

/** Reads a zip by its directory, as everyone but a stream does. */
function unzip(archive: Buffer): Map<string, Buffer> {
  const end = archive.lastIndexOf('PK\x05\x06');
  const files = new Map<string, Buffer>();
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    expect(archive.toString('latin1', at, at + 4)).toBe('PK\x01\x02');
    const [checksum, packed, size] = [16, 20, 24].map((offset) => archive.readUInt32LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
    const local = archive.readUInt32LE(at + 42);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const data = inflateRawSync(archive.subarray(start, start + packed));
    expect([data.length, crc32(data)]).toEqual([size, checksum]);
    files.set(name, data);
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return files;
}

/** What Teams' manifest schema 1.19 asks of what we use of it. */
const guid = z.guid();
const https = z.url({ protocol: /^https$/ }).max(2048);
const scope = z.enum(['team', 'personal', 'groupChat', 'copilot']);
const command = z.strictObject({ title: z.string().max(32), description: z.string().max(128) });
const manifestSchema = z.strictObject({
  $schema: z.literal('https://developer.microsoft.com/json-schemas/teams/v1.19/MicrosoftTeams.schema.json'),
  manifestVersion: z.literal('1.19'),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  id: guid,
  developer: z.strictObject({ name: z.string().max(32), websiteUrl: https, privacyUrl: https, termsOfUseUrl: https }),
  name: z.strictObject({ short: z.string().max(30), full: z.string().max(100) }),
  description: z.strictObject({ short: z.string().max(80), full: z.string().max(4000) }),
  icons: z.strictObject({ color: z.literal('color.png'), outline: z.literal('outline.png') }),
  accentColor: z.string().regex(/^#[0-9A-F]{6}$/i),
  bots: z
    .array(
      z.strictObject({
        botId: guid,
        scopes: z.array(scope).max(3),
        isNotificationOnly: z.literal(false),
        supportsFiles: z.literal(false),
        commandLists: z
          .array(z.strictObject({ scopes: z.array(scope).max(3), commands: z.array(command).max(10) }))
          .max(3),
      }),
    )
    .length(1),
  permissions: z.array(z.enum(['identity', 'messageTeamMembers'])),
  validDomains: z.array(z.string().max(2048)),
});

describe('the app package', () => {
  const packed = () => {
    const { status, out, stderr } = pack(
      ['--website', 'https://telco.example/', '--privacy', 'https://telco.example/legal?a=1'],
      {
        MicrosoftAppId: APP,
      },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return unzip(readFileSync(out));
  };

  test('holds the manifest and both icons, and nothing else', () => {
    expect([...packed().keys()]).toEqual(['manifest.json', 'color.png', 'outline.png']);
  });

  test('has a manifest as Teams wants it, with the operator’s particulars', () => {
    const manifest = manifestSchema.parse(JSON.parse(String(packed().get('manifest.json'))));
    expect(manifest).toMatchObject({
      id: APP,
      bots: [{ botId: APP, scopes: ['personal', 'team', 'groupChat'] }],
      developer: {
        websiteUrl: 'https://telco.example',
        privacyUrl: 'https://telco.example/legal?a=1',
        termsOfUseUrl: 'https://telco.example/terms',
      },
      // Cards load nothing of ours and no page of ours is framed.
      validDomains: [],
    });
  });

  test('has icons of the sizes and colours Teams wants', () => {
    const files = packed();
    expect(png(files.get('color.png'))).toMatchObject({ width: 192, height: 192 });
    const outline = png(files.get('outline.png'));
    expect(outline).toMatchObject({ width: 32, height: 32, colourType: 6 });
    // White on nothing, and nothing else.
    const drawn = outline.pixels.filter(([, , , alpha]) => alpha > 0);
    expect(drawn.length).toBeGreaterThan(50);
    expect(drawn.length).toBeLessThan(700);
    for (const [red, green, blue] of drawn) expect([red, green, blue]).toEqual([255, 255, 255]);
  });

  test('is the same, byte by byte, for the same particulars', () => {
    const args = ['--website', 'https://telco.example', '--app-id', APP];
    const first = readFileSync(pack(args).out);
    expect(readFileSync(pack(args).out).equals(first)).toBe(true);
  });

  test.each([
    ['no app id', ['--website', 'https://telco.example']],
    ['an app id that is none', ['--website', 'https://telco.example', '--app-id', 'refill']],
    ['no website', ['--app-id', APP]],
    ['a website without https', ['--website', 'http://telco.example', '--app-id', APP]],
    ['an address that would break the manifest', ['--website', 'https://x.example/","id":"', '--app-id', APP]],
    ['an option it does not know', ['--nonsense']],
  ])('is not made with %s', (_, args) => {
    const { status, stderr, out } = pack(args);
    expect(status).toBe(1);
    expect(stderr).toContain('npm run teams:package');
    expect(existsSync(out)).toBe(false);
  });
});

type Pixel = [red: number, green: number, blue: number, alpha: number];

/** As much of PNG as two icons need: 8 bits, not interlaced (RFC 2083). */
function png(file: Buffer | undefined): { width: number; height: number; colourType: number; pixels: Pixel[] } {
  if (file === undefined) throw new Error('no such icon');
  expect(file.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  const [width, height, colourType = 0] = [file.readUInt32BE(16), file.readUInt32BE(20), file[25]];
  const channels = colourType === 6 ? 4 : 3;
  const data: Buffer[] = [];
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT')
      data.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
  }
  const raw = inflateSync(Buffer.concat(data));
  const stride = width * channels;
  const image = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)] ?? 0;
    for (let x = 0; x < stride; x++) {
      const left = x >= channels ? (image[y * stride + x - channels] ?? 0) : 0;
      const up = y > 0 ? (image[(y - 1) * stride + x] ?? 0) : 0;
      const corner = x >= channels && y > 0 ? (image[(y - 1) * stride + x - channels] ?? 0) : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0;
      image[y * stride + x] = (raw[y * (stride + 1) + 1 + x] ?? 0) + guess;
    }
  }
  const pixels = Array.from({ length: width * height }, (_, n): Pixel => {
    const [red = 0, green = 0, blue = 0, alpha = 255] = image.subarray(n * channels, (n + 1) * channels);
    return [red, green, blue, channels === 4 ? alpha : 255];
  });
  return { width, height, colourType, pixels };
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const distances = [left, up, corner].map((value) => Math.abs(guess - value));
  return [left, up, corner][distances.indexOf(Math.min(...distances))] ?? 0;
}
