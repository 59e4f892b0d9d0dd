import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AnswerProof, Asker } from '../../bot/identity/proof.js';

/** A proof by answer with its far end: whoever would send the code, or knows the PIN. */
export interface ProvingGround {
  readonly proof: AnswerProof;
  /** Somebody new. */
  asker(): Asker;
  /** A number of the operator's, new each time, E.164 without `+`. */
  number(): string;
  /** A number that is nobody's. */
  nobodys(): string;
  /** What proves the challenge that `asker` began for `number`. */
  answerFor(asker: Asker, number: string): Promise<string>;
  close(): Promise<void>;
}

/** What every proof by answer does: bot/identity/proof.ts says why. */
export function answerProofContract(name: string, open: () => Promise<ProvingGround>): void {
  describe(`proof by ${name}`, () => {
    let ground: ProvingGround;
    beforeAll(async () => {
      ground = await open();
    }, 60_000);
    afterAll(() => ground.close());

    const begin = async (asker: Asker, number: string) => {
      const begun = await ground.proof.begin(asker, number);
      if (begun.outcome !== 'begun') throw new Error('limited');
      return begun;
    };
    const wrongFor = (right: string) => right.replace(/\d$/, (last) => String((Number(last) + 1) % 10));

    test('the right answer proves the number, once', async () => {
      const [asker, number] = [ground.asker(), ground.number()];
      await begin(asker, number);
      const right = await ground.answerFor(asker, number);
      const proved = await ground.proof.answer(asker, right);
      expect(proved).toMatchObject({ outcome: 'proved', proved: { key: { type: 'MSISDN', value: number } } });
      expect(await ground.proof.answer(asker, right)).toEqual({ outcome: 'over' });
    });

    test('a wrong one costs a try; the last ends it, for the right answer too', async () => {
      const [asker, number] = [ground.asker(), ground.number()];
      const { tries } = await begin(asker, number);
      expect(tries).toBeLessThanOrEqual(5);
      const right = await ground.answerFor(asker, number);
      for (let left = tries - 1; left > 0; left--)
        expect(await ground.proof.answer(asker, wrongFor(right))).toEqual({ outcome: 'wrong', triesLeft: left });
      expect(await ground.proof.answer(asker, wrongFor(right))).toEqual({ outcome: 'over' });
      expect(await ground.proof.answer(asker, right)).toEqual({ outcome: 'over' });
    });

    test('the same answer in the same event again is the same answer: it costs no try, and proves again what it proved', async () => {
      const [asker, number] = [ground.asker(), ground.number()];
      const { tries } = await begin(asker, number);
      const right = await ground.answerFor(asker, number);
      const wrong = wrongFor(right);
      for (let run = 0; run < 7; run++)
        expect(await ground.proof.answer(asker, wrong, 'first')).toEqual({ outcome: 'wrong', triesLeft: tries - 1 });
      // Another answer is another try, whatever its event calls itself.
      expect(await ground.proof.answer(asker, wrongFor(wrong), 'first')).toEqual({
        outcome: 'wrong',
        triesLeft: tries - 2,
      });
      expect(await ground.proof.answer(asker, wrong, 'first')).toEqual({ outcome: 'wrong', triesLeft: tries - 1 });
      const proved = await ground.proof.answer(asker, right, 'last');
      expect(proved).toMatchObject({ outcome: 'proved' });
      expect(await ground.proof.answer(asker, right, 'last')).toEqual(proved);
      expect(await ground.proof.answer(asker, right, 'another')).toEqual({ outcome: 'over' });
      expect(await ground.proof.answer(ground.asker(), right, 'last')).toEqual({ outcome: 'over' });
    });

    test('an answer is worth nothing to anyone else, nor before there is a challenge', async () => {
      const [asker, thief, number] = [ground.asker(), ground.asker(), ground.number()];
      expect(await ground.proof.answer(asker, '123456')).toEqual({ outcome: 'over' });
      await begin(asker, number);
      const right = await ground.answerFor(asker, number);
      expect(await ground.proof.answer(thief, right)).toEqual({ outcome: 'over' });
      expect(await ground.proof.answer(asker, right)).toMatchObject({ outcome: 'proved' });
    });

    test('a challenge that was given up is over', async () => {
      const [asker, number] = [ground.asker(), ground.number()];
      await begin(asker, number);
      const right = await ground.answerFor(asker, number);
      await ground.proof.cancel(asker);
      expect(await ground.proof.answer(asker, right)).toEqual({ outcome: 'over' });
    });

    test('a number that is nobody’s is begun and answered like any other', async () => {
      const [one, other] = [ground.asker(), ground.asker()];
      const number = ground.number();
      expect(await begin(other, ground.nobodys())).toEqual(await begin(one, number));
      const wrong = wrongFor(await ground.answerFor(one, number));
      for (let n = 0; n < 5; n++)
        expect(await ground.proof.answer(other, wrong)).toEqual(await ground.proof.answer(one, wrong));
    });

    test('challenges without end are refused, with when to come back', async () => {
      const asker = ground.asker();
      let last = await ground.proof.begin(asker, ground.number());
      for (let n = 0; n < 10 && last.outcome === 'begun'; n++) last = await ground.proof.begin(asker, ground.number());
      expect(last).toMatchObject({ outcome: 'limited' });
      if (last.outcome === 'limited') expect(last.retryAfterMs).toBeGreaterThan(60_000);
    });
  });
}
