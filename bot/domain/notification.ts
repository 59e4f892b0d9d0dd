/** The nine reasons a telco has to speak up (Millom notify.yaml, NotifyRequest.type). */
export const NOTIFICATION_TYPES = [
  'low-data',
  'out-of-data',
  'pay-as-you-go',
  'pack-near-consumption',
  'pack-consumed',
  'pack-expired',
  'pack-near-expiry',
  'low-monetary-balance',
  'monetary-reload',
] as const;

export type NotificationType = (typeof NOTIFICATION_TYPES)[number];
