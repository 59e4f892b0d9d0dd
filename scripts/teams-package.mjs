import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { crc32, deflateRawSync } from 'node:zlib';

const USAGE = `Packs the Teams app into a zip that Teams takes ("Upload a custom app").

  npm run teams:package -- --website https://telco.example [--privacy URL] [--terms URL] [--app-id ID] [--out FILE]

The app id is that of the bot (MicrosoftAppId by default). The privacy and terms pages are /privacy and /terms of the
website unless they are named.`;

const folder = fileURLToPath(new URL('../adapters/teams/manifest', import.meta.url));

/**
 * @typedef {object} Particulars
 * @property {string} appId
 * @property {string} website
 * @property {string} privacy
 * @property {string} terms
 */

/**
 * The manifest with an operator's particulars in it. Throws a sentence for the operator when one is no good.
 *
 * @param {string} template
 * @param {Particulars} particulars
 * @returns {string}
 */
export function fillManifest(template, particulars) {
  const { appId, ...addresses } = particulars;
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(appId)) throw new Error(`the app id is no GUID: "${appId}"`);
  for (const [name, address] of Object.entries(addresses)) {
    if (!/^https:\/\/[^\s"\\]{3,2000}$/.test(address))
      throw new Error(`the ${name} page needs an https address, not "${address}"`);
  }
  return template.replaceAll(/\$\{(\w+)\}/g, (_, name) => {
    const value = /** @type {Record<string, string>} */ ({ ...particulars })[name];
    if (value === undefined) throw new Error(`the manifest asks for \${${name}}, which nothing provides`);
    return value;
  });
}

/**
 * A zip archive (PKWARE APPNOTE 6.3.3) of a few files at its root. The same files give the same bytes.
 *
 * @param {readonly { name: string, data: Uint8Array }[]} files
 * @returns {Buffer}
 */
export function zip(files) {
  /** @type {Buffer[]} */
  const parts = [];
  /** @type {Buffer[]} */
  const directory = [];
  let offset = 0;
  for (const { name, data } of files) {
    const packed = deflateRawSync(data, { level: 9 });
    const title = Buffer.from(name, 'utf8');
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0); // version needed: 2.0, deflate
    common.writeUInt16LE(0x0800, 2); // names are UTF-8
    common.writeUInt16LE(8, 4); // deflate
    common.writeUInt16LE(0, 6); // time 00:00
    common.writeUInt16LE(0x21, 8); // date 1980-01-01
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(title.length, 22);
    const tail = Buffer.alloc(14); // comment, disk, attributes: none
    tail.writeUInt32LE(offset, 10);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, title, packed]);
    parts.push(local);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, tail, title]));
    offset += local.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, index, end]);
}

/**
 * The app as Teams takes it: manifest and both icons at the root of a zip.
 *
 * @param {Particulars} particulars
 */
export function packageApp(particulars) {
  const manifest = fillManifest(readFileSync(join(folder, 'manifest.json'), 'utf8'), particulars);
  const icon = (/** @type {string} */ name) => ({ name, data: readFileSync(join(folder, name)) });
  return zip([{ name: 'manifest.json', data: Buffer.from(manifest) }, icon('color.png'), icon('outline.png')]);
}

/**
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} variables
 */
function main(args, variables) {
  const { values } = parseArgs({
    args,
    options: {
      website: { type: 'string' },
      privacy: { type: 'string' },
      terms: { type: 'string' },
      'app-id': { type: 'string' },
      out: { type: 'string', default: 'var/refill-teams.zip' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return console.log(USAGE);
  const website = (values.website ?? '').replace(/\/+$/, '');
  const archive = packageApp({
    appId: values['app-id'] ?? variables['MicrosoftAppId'] ?? '',
    website,
    privacy: values.privacy ?? `${website}/privacy`,
    terms: values.terms ?? `${website}/terms`,
  });
  const out = resolve(values.out);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, archive);
  console.log(`${out}: upload it in Teams under Apps, Manage your apps, Upload an app`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    main(process.argv.slice(2), process.env);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exitCode = 1;
  }
}
