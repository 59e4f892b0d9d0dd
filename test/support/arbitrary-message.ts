import fc from 'fast-check';
import type { Localized } from '../../bot/i18n/localized.js';
import type { Action, Block, Fact, Form, Message, Notice, OfferCard } from '../../bot/message/message.js';

/** Words that break renderers: markup of every platform, mentions, emoji with joiners, right-to-left, direction isolates. */
const TROUBLE = [
  'Super 10 GB',
  '*bold* _it_ ~x~ `code` **x**',
  '<!channel> <@U123> <at>all</at>',
  '<script>alert(1)</script> &amp; &lt;b&gt;',
  '[link](https://evil.example) ![x](y)',
  '# heading\n- item\n1. one\n> quote',
  '{{DATE(2017-02-14T06:08:39Z,SHORT)}}',
  '👩‍👩‍👧‍👦 👍🏽 🇵🇰 é́',
  'سپر 10 GB ہفتہ وار',
  '\u2068Super\u2069 سپر \u206710 GB\u2069',
  'RM\u00a05.00',
  '@everyone #general :tada:',
  '\\ | ^ % $ " \'',
];

/** A text of at least one visible character: ordinary, troublesome, or very long. */
function words(longest: number): fc.Arbitrary<Localized> {
  const piece = fc.oneof(fc.constantFrom(...TROUBLE), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }));
  const long = fc
    .tuple(piece, fc.integer({ min: 1, max: Math.max(1, Math.floor(longest / 10)) }))
    .map(([text, times]) => text.repeat(times).slice(0, longest));
  return (
    fc
      .oneof({ weight: 6, arbitrary: piece }, { weight: 1, arbitrary: long })
      // Cutting may have left half a character: real words are well-formed.
      .map((text) => (text.trim() === '' ? 'x' : Buffer.from(text).toString()) as Localized)
  );
}

const label = words(300);
const sentence = words(10_000);
const fact: fc.Arbitrary<Fact> = fc.record({ label: words(200), value: words(500) });
const facts = fc.array(fact, { maxLength: 12 });
const url = fc.constantFrom(
  'https://telco.example/terms?a=1&b=2',
  'https://telco.example/plan.png',
  'javascript:alert(1)',
);

const offer = (actions: number): fc.Arbitrary<OfferCard> =>
  fc.record(
    {
      title: words(300),
      price: words(40),
      description: sentence,
      facts: fc.array(fact, { maxLength: 4 }),
      badge: words(60),
      ...(actions > 0 && { action: fc.nat(actions - 1) }),
    },
    { requiredKeys: ['title', 'price', 'facts'] },
  );

function block(actions: number): fc.Arbitrary<Block> {
  return fc.oneof(
    fc.record({ type: fc.constant('heading' as const), text: label }),
    fc.record(
      {
        type: fc.constant('text' as const),
        text: sentence,
        tone: fc.constantFrom('hint' as const, 'warning' as const, 'success' as const),
      },
      { requiredKeys: ['type', 'text'] },
    ),
    fc.record({ type: fc.constant('facts' as const), facts }),
    fc.record({
      type: fc.constant('gauge' as const),
      label,
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      level: fc.constantFrom('unlimited' as const, 'good' as const, 'low' as const, 'empty' as const),
      caption: label,
    }),
    fc.record({ type: fc.constant('offers' as const), offers: fc.array(offer(actions), { maxLength: 30 }) }),
    fc.record({ type: fc.constant('image' as const), url, alt: label }),
    fc.record({ type: fc.constant('link' as const), url, label }),
  );
}

const form: fc.Arbitrary<Form> = fc.record({
  token: fc.constant('top-up~AbCd12~form'),
  title: label,
  open: label,
  submit: label,
  fields: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('voucher', 'number', 'code'),
      kind: fc.constantFrom('text' as const, 'phone' as const),
      label,
    }),
    { minLength: 1, maxLength: 3, selector: ({ name }) => name },
  ),
});

const notice: fc.Arbitrary<Notice> = fc.record({
  name: fc.constantFrom('low_data', 'receipt'),
  values: fc.array(words(60), { maxLength: 4 }),
});

function message(actions: readonly Action[]): fc.Arbitrary<Message> {
  return fc
    .record(
      {
        language: fc.constantFrom('en', 'es', 'ur'),
        direction: fc.constantFrom('ltr' as const, 'rtl' as const),
        blocks: fc.array(block(actions.length), { minLength: 1, maxLength: 12 }),
        actions: fc.constant(actions),
        form,
        asksNumber: fc.constant(true as const),
        notice,
      },
      { requiredKeys: ['language', 'direction', 'blocks', 'actions'] },
    )
    .map(withFewOffers);
}

const OFFERS = 30;

/** Telcos offer a few plans, not hundreds. */
function withFewOffers(drawn: Message): Message {
  let room = OFFERS;
  const blocks = drawn.blocks.map((one): Block => {
    if (one.type !== 'offers') return one;
    const offers = one.offers.slice(0, room);
    room -= offers.length;
    return { ...one, offers };
  });
  return { ...drawn, blocks };
}

/** Any message the model can express: every block type, up to 50 actions, up to 30 offers, a form, a question for the number, a notice. */
export function arbitraryMessage(): fc.Arbitrary<Message> {
  return fc
    .array(fc.record({ label, style: fc.constantFrom('default' as const, 'primary' as const, 'danger' as const) }), {
      maxLength: 50,
    })
    .chain((drawn) => message(drawn.map((action, index) => ({ ...action, token: `offers~AbCd12~${index}` }))));
}
