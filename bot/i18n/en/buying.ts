/** A purchase and what becomes of it. */
export const buying = {
  'purchase.confirm-heading': 'Please confirm',
  'purchase.loan-warning': 'This is a loan. You will owe {price}, taken from your next top-up.',
  'purchase.price-changed': 'The price has changed: it was {before}, now it is {after}.',
  'purchase.on-its-way': 'On its way',
  'purchase.on-its-way-text': 'I have ordered {name} for {price}. I will send the receipt here as soon as it is done.',
  'purchase.under-way': '{name} is already on its way. I will tell you here when it is done; nothing is bought twice.',
  'purchase.checking':
    'I am still checking with your operator whether {name} went through. Please do not buy it again; I will tell you here.',
  'purchase.busy':
    'I did not order {wanted}: {name} is still on its way, and I buy one thing at a time. Try again when it is done.',
  'purchase.busy-other':
    'I did not order {wanted}: your operator is still working on an earlier order for this number. Try again later.',
  'purchase.busy-checking':
    'I did not order {wanted}: I am still checking with your operator whether {name} went through. I will tell you here; then you can order again.',
  'purchase.busy-checking-other':
    'I did not order {wanted}: I am still checking with your operator whether an earlier order for this number went through. Try again later.',

  'receipt.heading': 'Receipt',
  'receipt.text': '{name} is yours. Enjoy!',
  'receipt.paid': 'Paid',
  'receipt.owed': 'You owe',
  'receipt.date': 'Date',
  'receipt.reference': 'Reference',

  'failure.heading': 'That did not work',
  'failure.funds': 'Your balance was not enough for {name}.',
  'failure.roaming': '{name} cannot be bought while you are roaming.',
  'failure.opted-out': 'Your operator says you opted out of offers like {name}.',
  'failure.conflict':
    'Your operator did not accept {name}, because it clashes with a plan you have or bought just now.',
  'failure.gone': '{name} is not sold any more.',
  'failure.not-allowed': 'Your operator does not allow {name} on this number.',
  'failure.other': 'Your operator could not complete {name}.',
  'failure.not-charged': 'Nothing was charged.',

  'purchases.heading': 'My purchases',
  'purchases.none': 'You have not bought anything here yet.',
  'purchases.confirmed': 'on its way',
  'purchases.submitting': 'on its way',
  'purchases.processing': 'on its way',
  'purchases.unknown': 'being checked',
  'purchases.completed': 'done',
  'purchases.failed': 'failed, not charged',

  'trouble.unreachable': 'I cannot reach your operator right now. Please try again in a moment.',
  'trouble.unspecified': 'Your operator could not answer that. Please try again later.',
  'trouble.invalid-number':
    'Your operator does not know this number. Please check the link with the team that set it up.',
  'trouble.bad-request': 'Your operator could not answer that. Please try again later.',
  'trouble.roaming': 'This is not available while you are roaming.',
  'trouble.opted-out': 'You have opted out of this service at your operator, so I cannot show offers.',
  'trouble.too-many-requests': 'Your operator is very busy. Please try again in a minute.',
  'trouble.unavailable': 'Your operator’s service is down at the moment. Please try again later.',
  'trouble.conflict': 'Your operator is still busy with something else on this number. Please try again later.',
  'trouble.insufficient-funds': 'Your balance is not enough for that.',
  'trouble.not-allowed': 'Your operator does not allow that on this number.',

  'failure.busy': 'Your operator was too busy to take the order for {name}.',
  'failure.down': 'The order for {name} did not get through to your operator.',
  'failure.number': 'Your operator does not know the number this chat is linked to, so {name} could not be ordered.',
  'failure.other-sim':
    'Your phone was linked again after you confirmed {name}, perhaps with another SIM, so I did not order it.',
  'failure.pin': 'The PIN that was entered for {name} was wrong.',
  'failure.ours': 'Something was wrong with the order for {name}. That is our mistake, not yours.',
  'failure.again-minutes': 'Please try again in a few minutes.',
  'failure.again-later': 'Please try again in an hour or so.',
  'failure.again-home': 'It works again when you are back on your own network.',
  'choice.loan': 'Borrow instead',
  'choice.opt-in': 'Opt in again',
  'choice.link': 'Link my number',
  'choice.older': 'Older ones',
  'choice.newest': 'The newest',
  'purchase.changed': 'This offer has changed since I showed it to you. Please look again before you confirm:',
  'purchase.was-now': 'was {before}, now {after}',
  'purchase.not-said': 'not said',
  'purchase.over-limit-day':
    'I did not order {name} for {price}. The limit here is {limit} in 24 hours, and {left} of it is left.',
  'purchase.over-limit-week':
    'I did not order {name} for {price}. The limit here is {limit} in 7 days, and {left} of it is left.',
  'purchase.limit-frees': 'There is room for it from {date}.',
  'purchases.line': '{name} · {price} · {state} · reference {reference}',
  'purchases.older': 'Older purchases',
  'purchases.no-older': 'There are no older purchases.',
  'purchase.shown-long-ago': 'I showed you this a while ago. It still stands; please confirm once more.',
  'purchase.not-ordered': 'I have not ordered anything. You can confirm again:',
  'receipt.activating': '{name} is paid for and is being activated. It may take a few minutes to show in your balance.',
} satisfies Record<string, string>;
