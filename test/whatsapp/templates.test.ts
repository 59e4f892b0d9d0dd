import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { offeringWords, setProblems, templateProblems } from '../../adapters/whatsapp/template-rules.js';
import { readTemplates, type Template, templatesFor, variablesOf } from '../../adapters/whatsapp/templates.js';
import { runTemplates } from '../../adapters/whatsapp/templates-cli.js';
import { NOTIFICATION_TYPES } from '../../bot/domain/notification.js';
import type { Localized } from '../../bot/i18n/localized.js';
import { packageRoot } from '../../bot/paths.js';
import { contentProblems } from './limits.js';
import { type FakeWhatsApp, SETTINGS, startWhatsApp } from './whatsapp.js';

const templates = readTemplates();
const names = [
  ...NOTIFICATION_TYPES.map((type) => `nudge_${type.replaceAll('-', '_')}`),
  'purchase_completed',
  'purchase_failed',
  'purchase_checking',
  'link_notice',
  'link_blocked',
];

const sample: Template = {
  name: 'sample',
  language: 'en',
  category: 'UTILITY',
  components: [
    {
      type: 'BODY',
      text: 'A notice about your line: {{1}} is used up. Tap a button.',
      example: { body_text: [['Super']] },
    },
    { type: 'BUTTONS', buttons: [{ type: 'QUICK_REPLY', text: 'My balance', payload: 'balance' }] },
  ],
};
const withBody = (text: string, ...example: string[]): Template => ({
  ...sample,
  components: [{ type: 'BODY', text, ...(example.length > 0 && { example: { body_text: [example] } }) }],
});

describe('the templates in the repository', () => {
  test('there is one for every nudge and every receipt, in every language', () => {
    expect([...new Set(templates.map(({ name }) => name))].sort()).toEqual(names.toSorted());
    expect(setProblems(templates)).toEqual([]);
  });

  test.each(templates.map((template) => [`${template.name}/${template.language}`, template] as const))(
    '%s keeps Meta’s rules and offers nothing',
    (_name, template) => {
      expect(templateProblems(template)).toEqual([]);
    },
  );

  test('nudges that could not be delivered within two hours are dropped, receipts are not', () => {
    for (const { name, message_send_ttl_seconds: ttl } of templates)
      expect([name, ttl]).toEqual([name, name.startsWith('nudge_') ? 7200 : undefined]);
  });

  test.each(names)('%s is filled within the limits, whatever its values', (name) => {
    for (const value of ['Super 10 GB', '*x*\n_y_', 'سپر', '👨‍👩‍👧'.repeat(100), ' ']) {
      const notice = { name, values: [value, 'RM 5.00'] as Localized[] };
      const contents = templatesFor(templates, notice, 'ur-PK');
      expect(contents.map(({ template }) => template.language.code)).toEqual(['ur', 'en', 'es']);
      for (const content of contents) expect(contentProblems(content)).toEqual([]);
    }
  });
});

describe('the rules find', () => {
  test('nothing in a good one', () => {
    expect(templateProblems(sample)).toEqual([]);
  });

  test.each<[string, Template]>([
    ['small letters', { ...sample, name: 'Sample' }],
    ['only utility', { ...sample, category: 'MARKETING' }],
    ['start or the end', withBody('{{1}} is used up on your line.', 'x')],
    ['start or the end', withBody('Used up on your line: {{1}}.', 'x')],
    ['in their order', withBody('Your line lost {{2}} and then {{1}} of its data today.', 'x', 'y')],
    ['in their order', withBody('Your line lost {{1}} and then {{3}} of its data today.', 'x', 'y')],
    ['touch', withBody('Your line lost {{1}} {{2}} of all the data it had today.', 'x', 'y')],
    ['not a number', withBody('Your line lost {{plan}} today.')],
    ['so few words', withBody('Line: {{1}} and {{2}} gone', 'x', 'y')],
    ['needs an example', withBody('Your line lost {{1}} a moment ago.')],
    ['1024', withBody('x '.repeat(513))],
    ['white space', withBody('Your line\n\n\nis well.')],
    ['no body', { ...sample, components: [] }],
    [
      'repeats the body',
      {
        ...sample,
        components: [
          { type: 'BODY', text: 'Same words here.' },
          { type: 'FOOTER', text: 'Same words here.' },
        ],
      },
    ],
    ['1 to 60', { ...sample, components: [...sample.components, { type: 'FOOTER', text: 'x'.repeat(61) }] }],
    [
      '1 to 25',
      {
        ...sample,
        components: [
          { type: 'BODY', text: 'Your line is well.' },
          { type: 'BUTTONS', buttons: [{ type: 'QUICK_REPLY', text: 'x'.repeat(26), payload: 'x' }] },
        ],
      },
    ],
    [
      'emoji',
      {
        ...sample,
        components: [
          { type: 'BODY', text: 'Your line is well.' },
          { type: 'FOOTER', text: 'Bye 👋' },
        ],
      },
    ],
    ['offers something', withBody('Your data is used up. Buy a new plan with 20% discount.')],
  ])('%s', (problem, template) => {
    expect(templateProblems(template)).toContainEqual(expect.stringContaining(problem));
  });

  test.each<[Template['language'], string]>([
    ['en', 'See our offers'],
    ['en', 'Get a FREE bonus'],
    ['en', 'Renew now'],
    ['es', 'Aprovecha esta promoción'],
    ['es', 'Cómpralo hoy'],
    ['es', 'Ahorra con un descuento'],
    ['ur', 'نئی آفر دیکھیں'],
    ['ur', 'ابھی خریدیں اور بچت کریں'],
  ])('words that sell (%s: %s)', (language, text) => {
    expect(offeringWords(text, language)).not.toEqual([]);
  });

  test.each<[Template['language'], string]>([
    ['en', 'Feel freely; the wholesale dealer saved nothing on Sunday'],
    ['es', 'Tu pedido ya está en tu línea; el ganado y los comprobantes siguen igual'],
    ['ur', 'آپ کی خریداری مکمل ہے'],
  ])('nothing in words that do not (%s: %s)', (language, text) => {
    expect(offeringWords(text, language)).toEqual([]);
  });

  test('a language that was forgotten, or that differs', () => {
    const [english, spanish] = [
      withBody('One of your plans ended.'),
      { ...withBody('Algo terminó: {{1}} en tu línea hoy.', 'x'), language: 'es' as const },
    ];
    expect(setProblems([english, spanish])).toEqual([
      'sample: not in ur',
      'sample: its languages differ in variables or buttons',
    ]);
    expect(setProblems([english, { ...english, name: 'other' }])).toContain(
      'two templates of a language have the same body',
    );
  });
});

test('variables are read in the order of their appearance', () => {
  expect(variablesOf('a {{2}} b {{1}} {{x}}')).toEqual([2, 1]);
});

describe('the command', () => {
  let meta: FakeWhatsApp;
  let printed: string;
  beforeEach(async () => {
    meta = await startWhatsApp();
    printed = '';
  });
  afterEach(() => meta.close());

  const env = () => ({
    WHATSAPP_GRAPH_BASE_URL: meta.url,
    WHATSAPP_GRAPH_VERSION: SETTINGS.graphVersion,
    WHATSAPP_BUSINESS_ACCOUNT_ID: SETTINGS.wabaId,
    WHATSAPP_ACCESS_TOKEN: SETTINGS.accessToken,
  });
  const print = (text: string) => {
    printed += text;
  };
  const run = (...args: string[]) => runTemplates(args, env(), print);

  test('creates nothing until it is told to, then what is missing, once', async () => {
    expect(await run('create')).toBe(0);
    expect(printed.match(/\(would create\)/g)).toHaveLength(45);
    expect(meta.templates).toEqual([]);
    expect(await run('create', '--apply')).toBe(0);
    expect(meta.templates).toHaveLength(45);
    expect(JSON.stringify(meta.templates)).not.toContain('payload');
    expect(await run('create', '--apply')).toBe(0);
    expect(meta.templates).toHaveLength(45);
  });

  test('checks that each can be sent as it is written', async () => {
    expect(await run('check')).toBe(1);
    expect(printed).toContain('✗ nudge_low_data/en is not in the account');
    await run('create', '--apply');
    for (const template of meta.templates) template['status'] = 'APPROVED';
    expect(await run('check')).toBe(0);
    expect(printed).toContain('45 of 45 can be sent');
    Object.assign(meta.templates[0] ?? {}, { status: 'PAUSED', category: 'MARKETING' });
    Object.assign(meta.templates[7] ?? {}, { components: [{ type: 'BODY', text: 'Other words' }] });
    printed = '';
    expect(await run('check')).toBe(1);
    expect(printed).toContain('nudge_low_data/en is PAUSED');
    expect(printed).toContain('has another category\n      file:    UTILITY\n      account: MARKETING');
    expect(printed).toContain('account: Other words');
    expect(printed).toContain('43 of 45 can be sent');
  });

  test('lists what the account has, page by page, and what is not ours', async () => {
    await run('create', '--apply');
    meta.templates.push({
      name: 'hello_world',
      language: 'en_US',
      status: 'APPROVED',
      category: 'UTILITY',
      components: [],
    });
    printed = '';
    expect(await run('list')).toBe(0);
    expect(printed).toMatch(/hello_world\/en_US +APPROVED +UTILITY +\(not in the files\)/);
    expect(printed).toContain('46 templates');
  });

  test('checks the files without an account, and says how it is used', async () => {
    expect(await runTemplates(['rules'], {}, print)).toBe(0);
    expect(await runTemplates(['list'], {}, print)).toBe(2);
    expect(printed).toContain('Set WHATSAPP_BUSINESS_ACCOUNT_ID, WHATSAPP_ACCESS_TOKEN, WHATSAPP_GRAPH_VERSION first.');
    for (const args of [[], ['delete'], ['list', '--apply'], ['create', '--now']]) expect(await run(...args)).toBe(2);
  });

  test('prints a sentence and no token when Meta refuses', () => {
    const program = ['--import', 'tsx', 'adapters/whatsapp/templates-cli.ts', 'list'];
    const refused = { ...process.env, ...env(), WHATSAPP_GRAPH_BASE_URL: 'http://127.0.0.1:1', NODE_OPTIONS: '' };
    const { status, stderr } = spawnSync(process.execPath, program, {
      cwd: packageRoot(),
      env: refused,
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toBe('the connection to WhatsApp failed\n');
  });
});
