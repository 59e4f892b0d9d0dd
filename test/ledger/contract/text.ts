import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { purchasesOf } from '../../support/purchases.js';
import { type Given, newPurchase, purchaseOf, soon } from './given.js';

/** PostgreSQL keeps no NUL; where people and telcos send one, things go on. */
export function text({ ledger }: Given): void {
  describe('a NUL', () => {
    const NUL = '\0';
    const planName = [{ language: `e${NUL}n`, text: `1 GB${NUL} for \ud83d a 🙂 day` }];
    const plain = [{ language: 'en', text: '1 GB for  a 🙂 day' }];

    test('in the name of a plan is left out, and so is half a character', async () => {
      const { terms, ...purchase } = newPurchase();
      await ledger().openPurchase({ ...purchase, terms: { ...terms, planName } });
      expect((await ledger().purchase(purchase.id))?.terms.planName).toEqual(plain);
      const ids = { operator: 'op', transactionId: randomUUID(), lineId: 'l', conversationId: 'c' };
      expect((await ledger().addNudge({ ...ids, type: 'low-data', planName }))?.planName).toEqual(plain);
    });

    test('in what is asked for finds nothing, not even what is called the same without it', async () => {
      const purchase = newPurchase();
      await ledger().openPurchase(purchase);
      const nudge = { operator: 'op', transactionId: randomUUID(), lineId: 'l', conversationId: 'c', planName };
      const { id = '' } = (await ledger().addNudge({ ...nudge, type: 'low-data' })) ?? {};
      const answers = await Promise.all([
        ledger().purchase(purchase.id + NUL),
        ledger().purchaseByConfirmation(purchase.confirmation + NUL),
        ledger().openPurchaseOf(purchase.lineId + NUL),
        ledger().movePurchase(purchase.id + NUL, 'submit'),
        ledger().outboxFor('receipt', NUL),
        ledger().outboxItem(NUL),
        ledger().nudge(id + NUL),
        ledger().conversation(NUL),
        ledger().line(NUL),
        ledger().linkedLine('slack', NUL, NUL),
        ledger().findLine('op', { type: 'MSISDN', value: NUL }),
        ledger().slackInstallation(NUL, NUL),
      ]);
      expect(answers).toEqual(answers.map(() => undefined));
      expect(await ledger().finishOutbox(NUL)).toBe(false);
      expect(await ledger().finishNudge(id + NUL, 'sent', NUL)).toBe(false);
      expect(await purchasesOf(ledger(), purchase.lineId + NUL, 10)).toEqual([]);
      expect(await ledger().conversationsOf(NUL)).toEqual([]);
      expect(await ledger().consents(NUL)).toEqual(new Set());
    });

    test('in an id that is written stays the same id: once is once', async () => {
      const nudge = { operator: 'op', type: 'low-data', lineId: 'l', conversationId: 'c', planName: [] } as const;
      const transactionId = randomUUID();
      expect(await ledger().addNudge({ ...nudge, transactionId: transactionId + NUL })).toBeDefined();
      expect(await ledger().addNudge({ ...nudge, transactionId: transactionId + NUL })).toBeUndefined();
      expect(await ledger().addNudge({ ...nudge, transactionId })).toBeDefined();

      const confirmation = randomUUID() + NUL;
      const first = await ledger().openPurchase(newPurchase({ confirmation }));
      expect(await ledger().openPurchase(newPurchase({ confirmation }))).toEqual({ ...first, outcome: 'repeated' });
      expect(await ledger().purchaseByConfirmation(confirmation)).toEqual(purchaseOf(first));
      const lineId = randomUUID() + NUL;
      expect(await ledger().openPurchase(newPurchase({ lineId }))).toMatchObject({ outcome: 'opened' });
      expect(await ledger().openPurchase(newPurchase({ lineId }))).toMatchObject({ outcome: 'busy' });
    });

    test('in anything else that is written does no harm', async () => {
      const { terms, ...purchase } = newPurchase();
      const context = `cookie${NUL}1`;
      await ledger().openPurchase({ ...purchase, terms: { ...terms, planId: `p${NUL}`, context } });
      await ledger().movePurchase(purchase.id, 'submit', { said: NUL });
      await ledger().movePurchase(purchase.id, 'refused', { said: NUL, failure: `A${NUL}B`, confirmationCode: NUL });
      // The telco's cookie is sealed, and is the telco's: it goes back as it came.
      expect((await ledger().purchase(purchase.id))?.terms.context).toBe(context);

      const id = `web-${NUL}${randomUUID()}`;
      const origin = { channel: 'web', workspace: NUL, user: NUL, address: NUL };
      await ledger().saveConversation({ id, origin, locale: NUL, timezone: NUL, lineId: NUL });
      expect(await ledger().conversation(id)).toMatchObject({ origin });
      await ledger().setConsent(id, ['low-data'], true, NUL);
      expect(await ledger().consents(id)).toEqual(new Set(['low-data']));
      const { id: promised } = await ledger().promise('registration', id, id);
      expect(await ledger().outboxFor('registration', id)).toMatchObject({ id: promised });
      await ledger().ensureLine(`op${NUL}`, { type: 'MSISDN', value: NUL });
      await ledger().saveSlackInstallation({ teamId: NUL, enterpriseId: NUL, botToken: NUL, botUserId: NUL });
      await ledger().dropSlackToken(NUL, NUL);
      await ledger().removeSlackInstallation(NUL, new Date());
      await ledger().queuedNudges(soon(), 1000);
    });
  });
}
