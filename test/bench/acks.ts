import type { Ack, AckOrder } from './ack-driver.js';
import { startHelper } from './helper.js';
import { CHANNELS, PHONE_NUMBER_ID, SECRETS } from './messengers.js';
import { startRefill, tempDataDir } from './refill.js';
import type { Settings } from './settings.js';

/** How soon each channel's webhook is answered at half load: one Refill with all channels on, one channel at a time. */
export async function measureAcks({ users, seconds }: Settings, say: (text: string) => void): Promise<readonly Ack[]> {
  const driver = startHelper<AckOrder>('ack-driver.ts');
  const dataDir = tempDataDir();
  try {
    const farEnd = await driver.ask<string>({ do: 'listen' });
    const refill = await startRefill({ dataDir: dataDir.path, env: channelsAt(farEnd) });
    try {
      const acks: Ack[] = [];
      for (const channel of CHANNELS) {
        say(`acknowledgements on ${channel}`);
        acks.push(await driver.ask<Ack>({ do: 'measure', channel, url: refill.url, users, seconds }));
      }
      return acks;
    } finally {
      await refill.stop();
    }
  } finally {
    await driver.close();
    dataDir.remove();
  }
}

/** All channels, with `farEnd` for the platforms. Teams needs nothing: without an app id the sandbox takes requests of this machine. */
export function channelsAt(farEnd: string): Record<string, string> {
  return {
    SLACK_SIGNING_SECRET: SECRETS.slack,
    SLACK_BOT_TOKEN: 'xoxb-benchmark',
    SLACK_API_URL: `${farEnd}/api/`,
    WHATSAPP_GRAPH_BASE_URL: farEnd,
    WHATSAPP_PHONE_NUMBER_ID: PHONE_NUMBER_ID,
    WHATSAPP_ACCESS_TOKEN: 'an-access-token-for-the-benchmark',
    WHATSAPP_APP_SECRET: SECRETS.whatsapp,
    WHATSAPP_VERIFY_TOKEN: 'a-verify-token-for-the-benchmark',
  };
}
