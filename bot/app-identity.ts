import type { RemoteSandbox } from '../sandbox/index.js';
import type { Channel } from './channel.js';
import type { Config } from './config.js';
import type { Core } from './core.js';
import type { Translators } from './i18n/index.js';
import { conversationIdOf } from './identity/conversation-id.js';
import { assignedPersona, firstOf } from './identity/directory.js';
import type { Identity } from './identity/identity.js';
import { linkedIdentity } from './identity/linked.js';
import { createLinking, type Linking } from './identity/linking.js';
import { numberOwner } from './identity/number-owner.js';
import { type CodeWork, codeProof, type SendCode } from './identity/one-time-code.js';
import { personaIdentity, unlessLinked } from './identity/personas.js';
import type { PageProof } from './identity/proof.js';
import { remembering } from './identity/recent.js';
import type { Jobs } from './jobs.js';
import type { Telco } from './telco.js';

export interface IdentityParts {
  readonly config: Config;
  readonly core: Core;
  /** Asked whose subscriber a number is. */
  readonly telco: Pick<Telco, 'account'>;
  readonly jobs: Jobs;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly translators: Translators;
  /** Set with the sandbox on. */
  readonly world: RemoteSandbox | undefined;
  /** Proofs on a page of our own. */
  readonly pages: readonly PageProof[];
}

export interface IdentityServices {
  readonly identity: Identity;
  readonly linking: Linking;
  /** Absent where no code can be sent to a phone. */
  readonly codes: CodeWork | undefined;
}

/** Who vouches for a chat user, and how lines get linked. */
export function openIdentity({ config, core, telco, jobs, world, pages, ...parts }: IdentityParts): IdentityServices {
  const { ledger } = core;
  const methods = new Set(config.proofs);
  const { youngForMs } = config.newLink;
  const operatorOf = whoseNumbers(config, telco, world);
  const linked = linkedIdentity({ ledger, methods, operatorOf, youngForMs });
  const send = world === undefined ? codeSender(config, core, parts) : toSimulatedPhone(world, parts.translators);
  const soon = (id: string) => jobs.add('outbox', id);
  const linking = createLinking({
    ledger,
    methods,
    answers: send === undefined ? [] : [codeProof(ledger, soon)],
    pages,
    operatorOf,
    country: config.country,
    youngForMs,
    soon,
  });
  return {
    identity: remembering(world === undefined ? linked : firstOf(linked, unlessLinked(ledger, trial(core, world)))),
    linking,
    codes: send && { ledger, operatorOf, send },
  };
}

/** A sandbox knows the phones it plays, whoever their operator is; a real number is the telco's to tell. */
function whoseNumbers({ millom }: Config, telco: Pick<Telco, 'account'>, world: RemoteSandbox | undefined) {
  if (world !== undefined) return async (number: string) => (await world.phone(number))?.operator;
  return millom === undefined ? async () => undefined : numberOwner(telco, millom.operator);
}

/** In a sandbox nobody is nobody: a persona that was chosen on the page, or one of their own. */
function trial({ ledger, vault }: Core, world: RemoteSandbox): Identity {
  const chosen = personaIdentity(ledger, world.ensure);
  const assigned = assignedPersona(ledger, world.personas, world.ensure, vault.reference);
  return { resolve: (origin) => (origin.channel === 'web' ? chosen : assigned).resolve(origin) };
}

/** Through WhatsApp's Cloud API. Not through a WhatsApp Web session, which may not write to strangers. */
function codeSender(
  { whatsapp }: Config,
  { vault }: Core,
  { channels, translators }: Pick<IdentityParts, 'channels' | 'translators'>,
): SendCode | undefined {
  const channel = channels.get('whatsapp');
  if (channel === undefined || whatsapp === undefined || whatsapp === 'web') return undefined;
  const workspace = whatsapp.phoneNumberId;
  return ({ id, number, code, language }) =>
    channel.send({
      id,
      conversationId: conversationIdOf(vault.reference, { channel: 'whatsapp', workspace, user: number }),
      address: JSON.stringify({ to: number }),
      message: {
        language,
        direction: 'ltr',
        blocks: [],
        actions: [],
        notice: { name: 'link_code', values: [translators.for(language, undefined).literal(code)] },
      },
    });
}

/** The sandbox plays the phone: made-up numbers may be real people's, and none of them is written to. */
function toSimulatedPhone(world: RemoteSandbox, translators: Translators): SendCode {
  return async ({ number, code, language }) => {
    const { t, literal } = translators.for(language, undefined);
    await world.phone(number, t('code.message', { code: literal(code) }).replace(/[\u2066-\u2069]/g, ''));
  };
}
