import { beforeEach, describe, expect, test } from '@jest/globals';
import { Chat, offered, said } from './chat.js';

let chat: Chat;
beforeEach(async () => {
  chat = new Chat();
});

/** In the middle of an order: the question whether to order the small plan. */
async function ordering(): Promise<void> {
  await chat.say('offers');
  await chat.press('Small plan');
  await chat.press('Order it');
  expect(said(chat.messages.at(-1))).toEqual(['order Small?']);
}

describe('an interruption', () => {
  beforeEach(ordering);

  test('is answered, and the question is asked again, in one message', async () => {
    const answer = await chat.say('help');
    expect(said(answer)).toEqual(['help', 'resume', 'order Small?']);
    expect(offered(answer)).toEqual(['Yes, order it', 'Back']);
    expect(said(await chat.say('1'))).toEqual(['ordered Small']);
  });

  test('keeps what it offers to buy, and its cards still point at it', async () => {
    const answer = await chat.say('balance');
    expect(said(answer)).toEqual(['balance', 'resume', 'order Small?']);
    expect(offered(answer)).toEqual(['Take Tiny', 'Yes, order it', 'Back']);
    const card = answer?.blocks.find((block) => block.type === 'offers')?.offers[0];
    expect(answer?.actions[card?.action ?? -1]?.label).toBe('Take Tiny');
    expect(said(await chat.press('Take Tiny'))).toEqual(['detail of tiny']);
  });

  test('may ask a question of its own; after its answer the first one is asked again', async () => {
    expect(said(await chat.say('settings'))).toEqual(['which colour?']);
    expect(said(await chat.say('red'))).toEqual(['painted red', 'resume', 'order Small?']);
    expect(said(await chat.press('Yes, order it'))).toEqual(['ordered Small']);
  });

  test('may be interrupted as well; beyond three questions the oldest is forgotten', async () => {
    for (const word of ['settings', 'language', 'settings']) await chat.say(word);
    expect(said(await chat.say('blue'))).toEqual(['painted blue', 'resume', 'what name?']);
    expect(said(await chat.say('Zoe'))).toEqual(['named Zoe', 'resume', 'which colour?']);
    expect(said(await chat.say('red'))).toEqual(['painted red']);
  });

  test('by something that takes over drops what was going on', async () => {
    await chat.say('settings');
    expect(said(await chat.say('offers'))).toEqual(['offers']);
    expect(said(await chat.say('cancel'))).toEqual(['menu']);
  });

  test('by something Refill has to say comes back to the question as well', async () => {
    expect(said(await chat.system('receipt', '7'))).toEqual(['receipt 7', 'resume', 'order Small?']);
  });

  test('with nothing to say says nothing, and the question still waits', async () => {
    expect(await chat.system('receipt', 'kept')).toBeUndefined();
    expect(said(await chat.say('1'))).toEqual(['ordered Small']);
  });
});

describe('cancel and back', () => {
  test('cancel ends what is going on', async () => {
    await ordering();
    expect(said(await chat.say('never mind'))).toEqual(['cancelled', 'menu']);
    expect(said(await chat.say('Yes, order it'))).toEqual(['unknown', 'menu']);
  });

  test('cancel of an interruption comes back to what it interrupted', async () => {
    await ordering();
    await chat.say('settings');
    const answer = await chat.say('cancel');
    expect(said(answer)).toEqual(['cancelled', 'resume', 'order Small?']);
    expect(offered(answer)).toEqual(['Yes, order it', 'Back']);
  });

  test('cancel of nothing leads to the menu, and calls nothing cancelled', async () => {
    expect(said(await chat.say('cancel'))).toEqual(['menu']);
  });

  test('back goes one question back where the dialog knows one', async () => {
    await ordering();
    expect(said(await chat.say('back'))).toEqual(['detail of Small']);
    expect(said(await chat.say('back'))).toEqual(['offers']);
  });

  test('back from a first question leaves it', async () => {
    await chat.say('settings');
    expect(said(await chat.say('back'))).toEqual(['cancelled', 'menu']);
  });
});

describe('words that mean nothing', () => {
  test('bring the question and its choices again', async () => {
    await ordering();
    const answer = await chat.say('xyzzy');
    expect(said(answer)).toEqual(['unknown', 'order Small?']);
    expect(offered(answer)).toEqual(['Yes, order it', 'Back']);
  });

  test('bring the menu where nothing was asked', async () => {
    const answer = await chat.say('xyzzy');
    expect(said(answer)).toEqual(['unknown', 'menu']);
    expect(offered(answer)).toEqual(['See balance', 'See offers']);
  });

  test('twice bring help, and the question is not lost', async () => {
    await ordering();
    await chat.say('xyzzy');
    expect(said(await chat.say('plugh'))).toEqual(['lost', 'resume', 'order Small?']);
    expect(said(await chat.say('1'))).toEqual(['ordered Small']);
  });

  test('are counted in a row only', async () => {
    await chat.say('xyzzy');
    await chat.say('balance');
    expect(said(await chat.say('plugh'))).toEqual(['unknown', 'menu']);
  });

  test('are an answer where a question asks for words; a keyword is still a keyword', async () => {
    await chat.say('language');
    expect(said(await chat.say('help'))).toEqual(['help', 'resume', 'what name?']);
    expect(said(await chat.say('xyzzy'))).toEqual(['named xyzzy']);
    await chat.say('language');
    expect(said(await chat.say('  '))).toEqual(['unknown', 'what name?']);
  });
});

describe('where a name is asked for', () => {
  const where = ['what line?'];
  beforeEach(async () => {
    await chat.say('my numbers');
    expect(said(chat.messages.at(-1))).toEqual(where);
  });

  test.each(['Home', 'Offers', 'Abdul Salam', 'Not My Balance', 'Please stop', 'Leave', 'Aunt Help', 'hola'])(
    '%j is one',
    async (name) => {
      expect(said(await chat.say(name))).toEqual([`named ${name}`]);
    },
  );

  test.each(['cancel', 'Never mind!', 'cancelar', 'back', 'volver', 'leave it', '1'])('%j leaves', async (text) => {
    expect(said(await chat.say(text))).toEqual(['cancelled', 'menu']);
  });

  test('help helps, and it is asked for again; stop stops', async () => {
    expect(said(await chat.say('help'))).toEqual(['help', 'resume', ...where]);
    expect(said(await chat.say('unsubscribe'))).toEqual(['expired, so menu', 'menu']);
  });

  test('what was said long before is none', async () => {
    const long = Date.UTC(2026, 10, 20);
    expect(said(await chat.hear({ kind: 'text', text: 'balance', at: long }))).toEqual(['balance', 'resume', ...where]);
  });
});

describe('a typed answer', () => {
  test.each(['2', '2.', '#2', '٢', '۲', '２', 'Large plan', 'large PLAN!', 'large', 'the large plan please'])(
    '%s picks the second of the list',
    async (text) => {
      await chat.say('offers');
      expect(said(await chat.say(text))).toEqual(['detail of Large']);
    },
  );

  test.each(['0', '4', '99999999999999999999', '1.5', '1e0'])('%s is not on the list', async (text) => {
    await chat.say('offers');
    expect(said(await chat.say(text))).toEqual(['unknown', 'menu']);
  });

  test('means the newest message, whatever older ones offered at that number', async () => {
    await chat.say('offers');
    await chat.say('help');
    expect(said(await chat.say('1'))).toEqual(['menu']);
    expect(said(await chat.say('2'))).toEqual(['offers']);
  });

  test('has to be whole where it orders something', async () => {
    await ordering();
    expect(said(await chat.say('yes'))).toEqual(['unknown', 'order Small?']);
    expect(said(await chat.say('yes, order it'))).toEqual(['ordered Small']);
  });
});

describe('hand-overs', () => {
  test('between flows that go in circles end', async () => {
    expect(said(await chat.say('agent'))).toEqual(['ping', 'ping', 'ping']);
    expect(said(await chat.say('menu'))).toEqual(['menu']);
  });

  test('to a flow about a line lead to linking one where there is none', async () => {
    expect(said(await chat.say('purchases'))).toEqual(['link a number']);
    chat = new Chat({ lineId: 'line-1' });
    expect(said(await chat.say('purchases'))).toEqual(['purchases of line-1']);
  });
});
