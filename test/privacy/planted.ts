import { SECRET } from '../slack/house.js';
import { SETTINGS } from '../whatsapp/whatsapp.js';

/** What must be nowhere in clear: numbers, names, tokens and people's ids, one or more in every input there is. */
export const CANARIES = {
  'number typed in a chat': '601155990001',
  'number in a callback': '601155990002',
  'number in a notification': '601155990003',
  'number in a query': '601155990004',
  'number in a header': '601155990005',
  'number in a path': '601155990006',
  'number in a broken body': '601155990007',
  'number in a form': '4790990008',
  'number in a CSV': '601155990009',
  'number in a wrong row of a CSV': '601155990010',
  'number in the directory’s API': '601155990011',
  'wrong number in the directory’s API': '601155990012',
  'field of the directory’s API': '601155990013',
  'number that is blocked': '601155990014',
  'wrong number that is blocked': '601155990015',
  'number purchases are searched by': '601155990016',
  'wrong number purchases are searched by': '601155990017',
  'field of the search': '601155990018',
  'number in a rich notification': '601155990019',
  'number in a rich callback': '601155990020',
  'number in a Slack form': '4790990021',
  'number in a Teams form': '4790990022',
  'number in a button': '601155990023',
  'number of a contact card': '601155990024',
  'number a user changed to': '601155990025',
  'number in a CSV to remove': '601155990026',
  'number blocked on stdin': '601155990027',
  'wrong number blocked on stdin': '601155990028',
  'CPID in a callback': 'Canary+cpid/abc,50216',
  'CPID in a rich notification': 'Canary+rich/cpid,50216',
  'name typed in a chat': 'Quetzalcoatlus',
  'name in a form': 'Ingeborgina',
  'name in a Slack form': 'Wilhelmundus',
  'name in a Teams form': 'Xanthippolyta',
  'name on a contact card': 'Yggdrasilina',
  'message of the telco': 'owner-of-line-is-Zebulon',
  'plan of a rich notification': 'plan-of-Archibaldina',
  'bearer token of a stranger': 'canary-stranger-token',
  cookie: 'canary-cookie-value',
  'caller secret': 'a caller secret with canary',
  'Slack signing secret': SECRET,
  'Slack bot token': 'xoxb-1',
  'Slack user': 'U00000001',
  'Slack address': 'D00000001',
  'WhatsApp number': '601155000777',
  'WhatsApp name': 'Sheena',
  'WhatsApp id before': 'US.13491208655302741918',
  'WhatsApp id after': 'US.99999999999999999999',
  'WhatsApp access token': SETTINGS.accessToken,
  'WhatsApp app secret': SETTINGS.appSecret,
  'Teams person': 'b130c271-d2eb-45f9-83ab-9eb3fe3788bc',
  'Teams name': 'Amina Khan',
  'Teams address': 'a:1pL6i0oY3C0K8oAj8aWT0iqdXQVqgmBAYJeKpYpMZnGiOZbFjBzVTPJTQCnOsXSA0',
  'user of a CSV': 'UCANARYCSV',
  'user of a CSV to remove': 'UCANARYREMOVED',
  'user of the directory’s API': 'UCANARYAPI',
} as const;

/** As it is, and as it would stand in a URL or in base64. */
function spellings(value: string): string[] {
  const base64 = Buffer.from(value).toString('base64').replace(/=+$/, '').slice(0, -2);
  return [...new Set([value, encodeURIComponent(value), base64.length > 10 ? base64 : value])];
}

/** Which of what was planted is in the text, each with what stands around it. */
export function leaksIn(content: string, planted: Iterable<readonly [name: string, value: string]>): string[] {
  const leaks: string[] = [];
  for (const [name, value] of planted) {
    const at = value === '' ? -1 : Math.max(...spellings(value).map((spelling) => content.indexOf(spelling)));
    if (at >= 0) leaks.push(`${name}: …${content.slice(Math.max(0, at - 80), at + 60)}…`);
  }
  return leaks;
}
