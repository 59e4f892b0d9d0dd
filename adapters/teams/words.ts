/** What the channel says itself, in one language; everything else comes from the message. */
export interface TeamsWords {
  /** Shown at once under a pressed button, while the answer is prepared: "One moment …" */
  readonly working: string;
  /** Said in a group, to whoever asked there: "I have answered you in our private chat." */
  readonly answeredInPrivate: string;
  /** Said in a group when there is no private chat, and when the bot is added to one: "I only talk about your line in private. Add me as an app and write to me there." */
  readonly writeToMe: string;
}
