import { LRUCache } from 'lru-cache';
import type { PublicPersona } from '../adapters/web/index.js';
import type { Persona, RemoteSandbox } from '../sandbox/index.js';
import type { Channel, Inbox } from './channel.js';
import type { Closing } from './closing.js';
import type { Config, SlackConfig, TeamsConfig, WhatsAppConfig } from './config.js';
import type { Origin } from './conversation/event.js';
import type { Core } from './core.js';
import type { Translators } from './i18n/index.js';
import { conversationIdOf } from './identity/conversation-id.js';
import type { Logger } from './log.js';
import { createMessageRefs, type MessageRefs } from './message-refs.js';
import { isOfThisMachine } from './outbound.js';
import { createPauses } from './pauses.js';
import { deriveKey } from './secrets.js';

export interface ChannelParts {
  readonly config: Config;
  readonly core: Core;
  readonly log: Logger;
  readonly translators: Translators;
  /** Set with the sandbox on. */
  readonly world: RemoteSandbox | undefined;
  /** What channels report while they send, in processes that mount no routes too. */
  readonly watch: Pick<Inbox, 'optedOut' | 'delivery' | 'alert'>;
}

interface Common extends ChannelParts {
  readonly refs: MessageRefs;
  readonly conversationIdOf: (origin: Pick<Origin, 'channel' | 'workspace' | 'user'>, place?: string) => string;
}

const REMEMBERED_IDS = 20_000;

/** Those who speak speak again: a keyed hash for every event would cost a fiftieth of a turn. */
function rememberedIds(reference: Core['vault']['reference']): Common['conversationIdOf'] {
  const ids = new LRUCache<string, string>({ max: REMEMBERED_IDS });
  return (origin, place = '') => {
    const { channel, workspace, user } = origin;
    const key = JSON.stringify([channel, workspace, user, place]);
    const known = ids.get(key);
    if (known !== undefined) return known;
    const id = conversationIdOf(reference, origin, place);
    ids.set(key, id);
    return id;
  };
}

/** Every channel whose variables are set; with the sandbox on the web and, unauthenticated, Teams as well. */
export async function openChannels(parts: ChannelParts, closing: Closing): Promise<ReadonlyMap<string, Channel>> {
  const { config, core, world } = parts;
  const common: Common = {
    ...parts,
    refs: createMessageRefs(core.working.shortLived, core.vault),
    conversationIdOf: rememberedIds(core.vault.reference),
  };
  // Each is imported only when it is on: their SDKs take a second to load (FACTS.md, HTTP).
  const opened = await Promise.all([
    world && openWeb(common, world),
    config.slack && openSlack(common, config.slack),
    (config.teams !== undefined || config.sandbox) && openTeams(common, config.teams),
    config.whatsapp && openWhatsApp(common, config.whatsapp),
  ]);
  const channels = opened.filter((channel) => channel instanceof Object);
  for (const channel of channels) closing.add(channel.name, () => channel.close());
  return new Map(channels.map((channel) => [channel.name, channel]));
}

async function openWeb({ config, core, conversationIdOf }: Common, world: RemoteSandbox): Promise<Channel> {
  const { createWebChannel } = await import('../adapters/web/index.js');
  return createWebChannel({
    log: core.working.liveLog,
    secret: deriveKey(core.masterKey, 'refill/web/v1').toString('base64url'),
    vault: core.vault,
    personas: {
      list: () => world.personas.map(publicPersona),
      ensure: async (id) => world.ensure(id).then((found) => found && publicPersona(found)),
    },
    conversationIdOf: (origin) => conversationIdOf(origin),
    secureCookie: config.access.publicUrl?.startsWith('https:') === true,
  });
}

/** What a page may know of a persona: all but its number. */
function publicPersona({ id, name, summary, locale, timezone, currency, operator }: Persona): PublicPersona {
  return { id, name, summary, locale, timezone, currency, operator };
}

async function openSlack(common: Common, slack: SlackConfig): Promise<Channel> {
  const { core, refs, log, translators, conversationIdOf, watch } = common;
  const { createSlackChannel } = await import('../adapters/slack/index.js');
  const { ledger } = core;
  return createSlackChannel({
    ...slack,
    installations: {
      save: (installation) => ledger.saveSlackInstallation(installation),
      find: (teamId, enterpriseId) => ledger.slackInstallation(teamId, enterpriseId),
      drop: (teamId, botToken) => ledger.dropSlackToken(teamId, botToken),
      remove: (teamId, at) => ledger.removeSlackInstallation(teamId, at),
    },
    refs,
    pauses: createPauses(),
    words: (language) => ({ privately: translators.for(language, undefined).t('channel.privately') }),
    conversationIdOf,
    alert: watch.alert,
    debug: (what) => log.debug({ channel: 'slack' }, what),
  });
}

async function openTeams(common: Common, teams: TeamsConfig | undefined): Promise<Channel> {
  const { refs, log, translators, conversationIdOf, watch } = common;
  const { createTeamsChannel } = await import('../adapters/teams/index.js');
  const simulated = isOfThisMachine(teams?.openIdMetadataUrl ?? '');
  if (simulated) log.warn('Teams believes the keys of this machine, not Microsoft’s: for tests only');
  return createTeamsChannel({
    ...teams,
    unauthenticated: teams === undefined,
    localService: simulated,
    refs,
    pauses: createPauses(),
    conversationIdOf: (origin) => conversationIdOf(origin),
    words(language) {
      const { t } = translators.for(language, undefined);
      return {
        working: t('channel.working'),
        answeredInPrivate: t('channel.answered-in-private'),
        writeToMe: t('channel.write-to-me'),
      };
    },
    inbox: watch,
    debug: (facts, what) => log.debug({ channel: 'teams', ...facts }, what),
  });
}

async function openWhatsApp(common: Common, whatsapp: WhatsAppConfig | 'web'): Promise<Channel> {
  const { core, log, translators, conversationIdOf, watch } = common;
  if (whatsapp === 'web') return openWhatsAppWeb(common);
  const { createWhatsAppChannel } = await import('../adapters/whatsapp/index.js');
  return createWhatsAppChannel({
    ...whatsapp,
    shortLived: core.working.shortLived,
    vault: core.vault,
    conversationIdOf,
    usersNamed: (user) => core.ledger.usersNamed({ channel: 'whatsapp', workspace: whatsapp.phoneNumberId, user }),
    words(language) {
      const { t } = translators.for(language, undefined);
      return { choose: t('channel.choose'), offers: t('channel.offers'), more: t('channel.more') };
    },
    operator: watch,
    log,
  });
}

async function openWhatsAppWeb(common: Common): Promise<Channel> {
  const { config, core, log, translators, conversationIdOf } = common;
  const [{ createWhatsAppWebChannel }, { createWindow }, { renderUnicodeCompact }] = await Promise.all([
    import('../adapters/whatsapp/web/index.js'),
    import('../adapters/whatsapp/window.js'),
    import('uqr'),
  ]);
  return createWhatsAppWebChannel({
    dataDir: config.dataDir,
    log,
    window: createWindow(core.working.shortLived),
    conversationIdOf: (origin) => conversationIdOf(origin),
    words: (language) => ({ chooseByNumber: translators.for(language, undefined).t('channel.choose-by-number') }),
    drawQr: (qr) => renderUnicodeCompact(qr),
  });
}
