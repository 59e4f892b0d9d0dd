import { RefillError } from '../../bot/errors.js';

/** The channel was set up so that it could not tell Slack from anybody else, or could not answer. */
export class SlackSettingsIncomplete extends RefillError {
  readonly code = 'SLACK_SETTINGS_INCOMPLETE';
}

/** An installation came back with a state we did not give out, gave out too long ago, or saw before. */
export class SlackStateInvalid extends RefillError {
  readonly code = 'SLACK_STATE_INVALID';
}

/** Slack answered `ok: false`: `reason` is its own error code. */
export class SlackRefusal extends RefillError {
  readonly code = 'SLACK_REFUSAL';

  constructor(
    readonly method: string,
    readonly reason: string,
  ) {
    super(`${method} was refused: ${reason}`);
  }

  get platformCode(): string {
    return this.reason;
  }
}

/**
 * What a refusal means for us.
 * - `busy`: wait;
 * - `down`: Slack's own trouble, the same request may work later;
 * - `token`: we are not (or no longer) allowed in that workspace: nothing works there until someone acts;
 * - `place`: this user or place cannot be written to, everything else can;
 * - `too-long`: the message is more than Slack takes, or a part of it (an image it cannot fetch) is not to its liking;
 * - `not-editable`: the message to replace is gone or too old;
 * - `unexpected`: a mistake of ours, or something new.
 */
export type RefusalKind = 'busy' | 'down' | 'token' | 'place' | 'too-long' | 'not-editable' | 'unexpected';

/** Error codes as the method pages of docs.slack.dev list them (chat.postMessage, .postEphemeral, .update, views.publish). */
const KINDS: Readonly<Record<Exclude<RefusalKind, 'unexpected'>, readonly string[]>> = {
  busy: ['ratelimited', 'rate_limited'],
  down: ['fatal_error', 'internal_error', 'request_timeout', 'service_unavailable', 'team_added_to_org'],
  token: [
    'access_denied',
    'accesslimited',
    'account_inactive',
    'ekm_access_denied',
    'enterprise_is_restricted',
    'invalid_auth',
    'missing_scope',
    'no_permission',
    'not_allowed_token_type',
    'not_authed',
    'org_login_required',
    'team_access_not_granted',
    'team_not_found',
    'token_expired',
    'token_revoked',
    'two_factor_setup_required',
  ],
  place: [
    'cannot_dm_bot',
    'channel_not_found',
    'is_archived',
    'is_inactive',
    'messages_tab_disabled',
    'not_enabled',
    'not_in_channel',
    'restricted_action',
    'restricted_action_non_threadable_channel',
    'restricted_action_read_only_channel',
    'restricted_action_thread_locked',
    'restricted_action_thread_only_channel',
    'user_disabled',
    'user_not_found',
    'user_not_in_channel',
  ],
  'too-long': ['invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long', 'msg_too_long', 'view_too_large'],
  'not-editable': ['block_mismatch', 'cant_update_message', 'edit_window_closed', 'message_not_found'],
};

const kinds = new Map(
  Object.entries(KINDS).flatMap(([kind, codes]) => codes.map((code) => [code, kind as RefusalKind])),
);

export function refusalKind(reason: string): RefusalKind {
  return kinds.get(reason) ?? 'unexpected';
}

/** The workspace threw us out and its token is dead. (`invalid_auth` may only mean that this address is not on its list.) */
export function isTokenGone(reason: string): boolean {
  return reason === 'token_revoked' || reason === 'account_inactive';
}
