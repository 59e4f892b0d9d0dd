/**
 * Text in which `*words*` are bold: the one piece of markup that Refill writes, on WhatsApp and in Slack's mrkdwn. Whatever
 * else could be markup there reaches us disarmed (adapters/whatsapp/text.ts, adapters/slack/text.ts).
 */
export function Bold({ text }: { text: string }) {
  return <>{text.split(/\*([^*\n]+)\*/).map((part, index) => (index % 2 === 1 ? <b key={index}>{part}</b> : part))}</>;
}
