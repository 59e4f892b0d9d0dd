/** The import direction of DESIGN: everything points to `bot`, and only `bot/app.ts`, its `app-*.ts` and `bot/main.ts` point back. */
const composition = '^bot/(app|app-[a-z]+|main)[.]ts$';
const production = '^(bot|adapters|flows|workers|sandbox)/';

/** A rule that files under `from` import nothing that matches `to` (and not `except`). */
const never = (name, comment, from, to, { fromExcept, except } = {}) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, ...(fromExcept && { pathNot: fromExcept }) },
  to: { path: to, ...(except && { pathNot: except }) },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    never(
      'bot-knows-no-part',
      'Only the composition root knows every part; the rest of bot defines ports that the parts implement.',
      '^bot/',
      '^(adapters|flows|workers|sandbox|console)/',
      { fromExcept: composition },
    ),
    never(
      'domain-is-pure',
      'The domain is types and rules: no packages, no I/O, nothing of the rest of bot but its error class.',
      '^bot/domain/',
      '.',
      { except: '^bot/(domain/|errors[.]ts$)' },
    ),
    never(
      'adapter-imports-bot-only',
      'A channel or telco implements a port of bot and knows no flow, worker, sandbox or console.',
      '^adapters/',
      '^(flows|workers|sandbox|console)/',
    ),
    never(
      'adapter-stands-alone',
      'One adapter never leans on another: each can be removed by itself.',
      '^adapters/([^/]+)/',
      '^adapters/',
      { except: '^adapters/$1/' },
    ),
    never(
      'flow-imports-bot-only',
      'Flows speak the domain and the message model, whatever the channel and the telco are.',
      '^flows/',
      '^(adapters|workers|sandbox|console)/',
    ),
    never(
      'worker-imports-bot-only',
      'Workers reach channels, telcos and flows through the ports of bot.',
      '^workers/',
      '^(adapters|flows|sandbox|console)/',
    ),
    never(
      'sandbox-stands-apart',
      'The simulated telco shares the domain with Refill and nothing else, or it would share its mistakes too.',
      '^sandbox/',
      '^(bot|adapters|flows|workers|console)/',
      { except: '^bot/(domain/|telco[.]ts$|errors[.]ts$)' },
    ),
    never('production-without-tests', 'What ships imports no test and no script.', production, '^(test|scripts)/'),
    {
      name: 'production-without-dev-packages',
      comment: 'The image holds no devDependencies: what ships may not import them.',
      severity: 'error',
      from: { path: production },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    // TypeScript 7 has no parser that dependency-cruiser can call; swc reads type-only imports as imports, as we want.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.d.ts'],
    },
  },
};
