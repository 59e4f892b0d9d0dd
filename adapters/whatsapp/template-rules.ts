import { bodyOf, LONGEST_VALUE, TEMPLATE_LANGUAGES, type Template, variablesOf } from './templates.js';

/**
 * What Meta would reject in a template, or take for marketing (CHANNELS.md 0.2 and 1): empty when nothing is. The wording
 * rules are ours and stricter than Meta's: an alert holds no word that offers anything.
 */
export function templateProblems(template: Template): string[] {
  const body = bodyOf(template);
  const footers = template.components.flatMap((part) => (part.type === 'FOOTER' ? part.text : []));
  const buttons = template.components.flatMap((part) => (part.type === 'BUTTONS' ? part.buttons : []));
  const texts = [body, ...footers, ...buttons.map(({ text }) => text)];
  return [
    ...when(!/^[a-z0-9_]{1,512}$/.test(template.name), 'the name may hold small letters, digits and _ only'),
    ...when(template.category !== 'UTILITY', 'only utility templates are sent'),
    ...bodyProblems(body, template),
    ...when(footers.length > 1, 'more than one footer'),
    ...footers.flatMap((text) => labelProblems('the footer', text, 60)),
    ...when(footers.includes(body), 'the footer repeats the body'),
    ...when(buttons.length > 10, 'more than 10 buttons'),
    ...when(new Set(buttons.map(({ text }) => text)).size < buttons.length, 'two buttons say the same'),
    ...buttons.flatMap(({ text }) => labelProblems('a button', text, 25)),
    ...offeringWords(texts.join('\n'), template.language).map(
      (word) => `"${word}" offers something: that is marketing`,
    ),
  ];
}

/** What is wrong with the templates together: every name in every language, with the same variables and buttons. */
export function setProblems(all: readonly Template[]): string[] {
  const names = [...new Set(all.map(({ name }) => name))];
  const bodies = all.map((template) => `${template.language} ${bodyOf(template)}`);
  return [
    ...when(new Set(bodies).size < bodies.length, 'two templates of a language have the same body'),
    ...names.flatMap((name) => {
      const variants = all.filter((template) => template.name === name);
      const languages = variants.map(({ language }) => language);
      const shapes = variants.map((template) =>
        JSON.stringify([variablesOf(bodyOf(template)).sort(), payloadsOf(template)]),
      );
      return [
        ...TEMPLATE_LANGUAGES.filter((language) => !languages.includes(language)).map(
          (lost) => `${name}: not in ${lost}`,
        ),
        ...when(new Set(languages).size < languages.length, `${name}: twice in a language`),
        ...when(new Set(shapes).size > 1, `${name}: its languages differ in variables or buttons`),
      ];
    }),
  ];
}

/** Words that sell, by language. Meta reads templates as a whole; these are the ones that make one marketing at once. */
const OFFERING: Readonly<Record<Template['language'], RegExp>> = {
  en: /\b(?:offers?|deals?|discounts?|promo\w*|sales?|free|sav(?:e|ings?)|cheap\w*|bonus\w*|gifts?|rewards?|wins?|upgrad\w*|renew\w*|buy|shop|subscribe|exclusive\w*|hurry|limited|special|best|recommend\w*)\b/giu,
  es: /(?<!\p{L})(?:ofertas?|descuentos?|promo\p{L}*|rebajas?|gratis|ahorr\p{L}*|barat\p{L}*|bonos?|regalos?|premios?|gan(?:a|as|ar)|mejora tu|renuev\p{L}*|renovar|c[oó]mpr(?:a|ar|e)(?:lo|la)?|suscríb\p{L}*|exclusiv\p{L}*|aprovech\p{L}*|especial\p{L}*|recom[ie]\p{L}*)(?!\p{L})/giu,
  ur: /آفر|رعایت|ڈسکاؤنٹ|پروموشن|مفت|بچت|سست[اےی]|بونس|تحف[ہے]|انعام|خریدیں|خریدئیے|اپ ?گریڈ|تجدید|خصوصی|سیل(?!\p{L})|تجویز/gu,
};

/** The words of `text` by which it would be taken for marketing. */
export function offeringWords(text: string, language: Template['language']): string[] {
  return text.match(OFFERING[language]) ?? [];
}

function bodyProblems(body: string, { components }: Template): string[] {
  const variables = variablesOf(body);
  const examples = components.find((part) => part.type === 'BODY')?.example?.body_text[0] ?? [];
  const words = body.replace(/\{\{\d+\}\}/g, ' ').match(/\p{L}+/gu)?.length ?? 0;
  return [
    ...when(body.trim() === '', 'there is no body'),
    ...when(components.filter(({ type }) => type === 'BODY').length > 1, 'more than one body'),
    ...when(body.length + variables.length * LONGEST_VALUE > 1024, 'the body may grow past 1024 characters'),
    // A variable with nothing but punctuation around it counts as standing at the edge.
    ...when(/^[^\p{L}]*\{\{|\}\}[^\p{L}]*$/u.test(body), 'a variable stands at the start or the end'),
    ...when(/\}\}\s*\{\{/.test(body), 'two variables touch'),
    ...when(
      variables.some((number, index) => number !== index + 1),
      'the variables are not 1, 2, 3 in their order',
    ),
    ...when(/\{\{(?!\d+\}\})/.test(body), 'a variable is not a number'),
    ...when(words < 2 * variables.length + 1, 'too many variables for so few words'),
    ...when(examples.length !== variables.length, 'every variable needs an example'),
    ...when(/\n{3}|\t| {4}/.test(body), 'too much white space'),
  ];
}

function labelProblems(what: string, text: string, max: number): string[] {
  return [
    ...when(text.trim() === '' || text.length > max, `${what} needs 1 to ${max} characters: "${text}"`),
    ...when(
      /[\n{}]|\p{Extended_Pictographic}/u.test(text),
      `${what} may hold no variable, line break or emoji: "${text}"`,
    ),
  ];
}

function payloadsOf({ components }: Template): string[] {
  return components.flatMap((part) => (part.type === 'BUTTONS' ? part.buttons.map(({ payload }) => payload) : []));
}

function when(wrong: boolean, problem: string): string[] {
  return wrong ? [problem] : [];
}
