import { z } from 'zod';
import { PROOF_METHODS } from '../domain/link.js';
import { money, whole } from '../variable-kinds.js';
import { isCountry } from './number.js';

const proofs = z
  .string()
  .transform((given) => given.split(',').map((name) => name.trim().toLowerCase()))
  .pipe(z.array(z.enum(PROOF_METHODS, { error: `expected some of ${PROOF_METHODS.join(', ')}` })));

/** How people may prove that a number is theirs, and what a new link may do. */
export const IDENTITY_VARIABLES = {
  REFILL_PROOFS: {
    schema: proofs.default(['whatsapp', 'code', 'cpid', 'directory']),
    about: 'how people may prove that a number is theirs: any of whatsapp, code, cpid, directory, pin',
    group: 'Identity',
  },
  REFILL_COUNTRY: {
    schema: z.string().refine(isCountry, { error: 'expected a country like PK' }).optional(),
    about: 'where numbers typed without a country code are from; empty: people have to type it',
    group: 'Identity',
  },
  REFILL_NEW_LINK_HOURS: {
    schema: whole(0, 720).default(24),
    about:
      'hours in which a link to a number that somebody else has already may spend only a little; 0: as much as any',
    group: 'Identity',
  },
  REFILL_NEW_LINK_SPEND: {
    schema: money.optional(),
    about:
      'how little, in any 24 hours, like 10 MYR, 300 PKR; nothing in other currencies; empty: a small plan’s price',
    group: 'Identity',
  },
} as const;
