import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RefillError } from '../../bot/errors.js';
import { type CodeTemplate, codeTemplates } from './code-template.js';
import { codeDifferences, differences, type Listed, openTemplateAccount } from './template-account.js';
import { setProblems, templateProblems } from './template-rules.js';
import { readTemplates, type Template } from './templates.js';

const USAGE = `Usage: npm run whatsapp:templates -- <command>

  rules              checks the files of adapters/whatsapp/templates alone; needs no account
  list               shows the account's templates and their state
  check              compares the files with the account; fails where one cannot be sent as it is written
  create [--apply]   shows what is missing in the account; with --apply submits it for review

Environment: WHATSAPP_BUSINESS_ACCOUNT_ID, WHATSAPP_ACCESS_TOKEN, WHATSAPP_GRAPH_VERSION,
WHATSAPP_GRAPH_BASE_URL (https://graph.facebook.com)
`;

/** Runs a command and prints what it has to say; resolves to the exit code: 0 all is well, 1 not all is, 2 wrong usage. */
export async function runTemplates(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  print: (text: string) => void,
): Promise<number> {
  const [command = '', ...flags] = args;
  const apply = flags.includes('--apply');
  const understood = ['rules', 'list', 'check', 'create'].includes(command) && flags.length === (apply ? 1 : 0);
  if (!understood || (apply && command !== 'create')) {
    print(USAGE);
    return 2;
  }
  const templates = readTemplates();
  const broken = brokenRules(templates);
  if (command !== 'list') print(broken.map((problem) => `✗ ${problem}\n`).join(''));
  if (command === 'rules') {
    if (broken.length === 0) print(`${templates.length} templates keep the rules\n`);
    return broken.length === 0 ? 0 : 1;
  }
  const missing = ['WHATSAPP_BUSINESS_ACCOUNT_ID', 'WHATSAPP_ACCESS_TOKEN', 'WHATSAPP_GRAPH_VERSION'].filter(
    (name) => (env[name] ?? '').trim() === '',
  );
  if (missing.length > 0) {
    print(`Set ${missing.join(', ')} first.\n`);
    return 2;
  }
  const account = openTemplateAccount({
    baseUrl: env['WHATSAPP_GRAPH_BASE_URL'] || 'https://graph.facebook.com',
    version: env['WHATSAPP_GRAPH_VERSION'] ?? '',
    accountId: env['WHATSAPP_BUSINESS_ACCOUNT_ID'] ?? '',
    accessToken: env['WHATSAPP_ACCESS_TOKEN'] ?? '',
  });
  const listed = await account.list();
  if (command === 'list') return list(listed, templates, print);
  if (command === 'check') return check(templates, listed, print) && broken.length === 0 ? 0 : 1;
  if (broken.length > 0) return 1;
  for (const template of [...templates, ...codeTemplates()].filter(
    (one) => !listed.some((other) => sameAs(one, other)),
  )) {
    if (apply) await account.create(template);
    print(`${apply ? '+' : '(would create)'} ${nameOf(template)}\n`);
  }
  return 0;
}

function brokenRules(templates: readonly Template[]): string[] {
  const single = templates.flatMap((one) => templateProblems(one).map((problem) => `${nameOf(one)}: ${problem}`));
  return [...single, ...setProblems(templates)];
}

function list(listed: readonly Listed[], templates: readonly Template[], print: (text: string) => void): number {
  for (const one of listed.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)))) {
    const ours = [...templates, ...codeTemplates()].some((template) => sameAs(template, one))
      ? ''
      : ' (not in the files)';
    print(
      `${nameOf(one).padEnd(40)} ${one.status.padEnd(10)} ${one.category} ${one.quality_score?.score ?? ''}${ours}\n`,
    );
  }
  print(`${listed.length} templates\n`);
  return 0;
}

function check(templates: readonly Template[], listed: readonly Listed[], print: (text: string) => void): boolean {
  const codes = codeTemplates();
  const wrong = [
    ...templates.flatMap((one) => differences(one, listed).map((what) => `✗ ${nameOf(one)} ${what}\n`)),
    ...codes.flatMap((one) => codeDifferences(one, listed).map((what) => `✗ ${nameOf(one)} ${what}\n`)),
  ];
  const all = templates.length + codes.length;
  print(wrong.join(''));
  print(`${all - new Set(wrong.map((text) => text.split(' ')[1])).size} of ${all} can be sent\n`);
  return wrong.length === 0;
}

function sameAs(template: Template | CodeTemplate, listed: Listed): boolean {
  return nameOf(template) === nameOf(listed);
}

function nameOf({ name, language }: { readonly name: string; readonly language: string }): string {
  return `${name}/${language}`;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = await runTemplates(process.argv.slice(2), process.env, (text) => process.stdout.write(text));
  } catch (error) {
    if (!(error instanceof RefillError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
