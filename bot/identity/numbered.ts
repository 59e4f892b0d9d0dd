import type { Config } from '../config.js';
import type { ChatUser } from '../domain/chat-user.js';

/** Where chat users go by their phone number: whoever gets the number gets the chat account. */
export type NumberedPlace = Pick<ChatUser, 'channel' | 'workspace'>;

/** WhatsApp, where it is on. Not WhatsApp Web: its workspace is known once a phone is linked, and it is for trials. */
export function numberedPlaces({ whatsapp }: Pick<Config, 'whatsapp'>): readonly NumberedPlace[] {
  return whatsapp === undefined || whatsapp === 'web'
    ? []
    : [{ channel: 'whatsapp', workspace: whatsapp.phoneNumberId }];
}
