/** Whose number is this. */
export const identity = {
  'link.needed':
    'I do not know yet which phone number is yours, so I cannot show a balance or buy anything. Ask the team that gave you this chat to link your number.',
  'phrases.link':
    'link|link my number|link a number|add a number|add my number|add number|connect my number|verify|verify my number|prove my number',
  'phrases.lines':
    'my numbers|numbers|my number|my lines|lines|switch number|switch line|change number|change line|other number|which number|unlink|unlink my number|remove my number',
  'phrases.forget': 'forget me|delete my data|erase my data|delete me|delete my account|remove my data|erase me',
  'choice.use-this-number': 'Use this number',
  'choice.send-code': 'Send me a code',
  'choice.use-pin': 'Use my PIN',
  'choice.open-page': 'Use mobile data',
  'choice.resend-code': 'Send it again',
  'choice.new-code': 'Get a new code',
  'choice.other-number': 'Another number',
  'choice.use-line': 'Use this one',
  'choice.use-instead': 'Use {line}',
  'choice.prove-again': 'Confirm it is mine',
  'choice.rename-line': 'Give it a name',
  'choice.remove-line': 'Remove this number',
  'choice.remove-other': 'Remove it from {channel}',
  'choice.restore-line': 'Use {line} again',
  'choice.add-line': 'Add a number',
  'choice.my-lines': 'My numbers',
  'choice.forget-me': 'Forget me',
  'choice.was-me': 'Yes, that was me',
  'choice.was-not-me': 'No, remove it',
  'link.intro':
    'I do not know yet which phone number is yours. Once you have confirmed it, I can show you your balance and buy for you.',
  'link.ways': 'How would you like to confirm your number?',
  'link.which-number': 'Which number is yours? Type it with its country code, for example +60 12 345 6789.',
  'link.which-number-shared':
    'Which number is yours? Please use the button below: what you type here can be read by others.',
  'link.form': 'Your number',
  'link.open-form': 'Enter my number',
  'link.field-number': 'Phone number, with country code',
  'link.bad-number':
    'That does not look like a phone number. Please type it with its country code, for example +60 12 345 6789.',
  'link.code-sent':
    'If that number is one of ours, a code is on its way to it on WhatsApp. It is good for {minutes, plural, one {{minutes} minute} other {{minutes} minutes}}.',
  'link.type-code': 'Type the 6 digits here. Nobody from us will ever ask you for them.',
  'link.type-code-shared': 'Enter the 6 digits with the button below. Nobody from us will ever ask you for them.',
  'link.open-code-form': 'Enter the code',
  'link.field-code': 'The 6 digits',
  'link.not-a-code': 'The code has {digits} digits. Please type just those.',
  'link.wrong-code': 'That is not the code. You have {count, plural, one {{count} try} other {{count} tries}} left.',
  'link.code-over': 'That code is not good any more: it was used, has expired, or was tried too often.',
  'link.too-many':
    'That is enough codes for now. Please try again in {minutes, plural, one {{minutes} minute} other {{minutes} minutes}}.',
  'link.cancelled': 'All right, nothing was linked.',
  'link.not-ours': 'I cannot link this number: the operator does not serve it here.',
  'link.own-refused':
    'This number was given to someone else, so being on WhatsApp with it is not enough. A code sent to the number can confirm that it is yours.',
  'link.page':
    'Open this page on the phone with that number, with mobile data on and Wi-Fi off. The link is good for {minutes, plural, one {{minutes} minute} other {{minutes} minutes}}, and only for you.',
  'link.open-page': 'Confirm on my phone',
  'link.linked': 'Done: {line} is linked, and we are talking about it now.',
  'link.young':
    'Somebody else has this number linked too, so until {until} only small purchases are possible. I let them know where they chat with me.',
  'link.young-again':
    'This number was confirmed here only recently, so until {until} only small purchases are possible. This keeps your money safe.',
  'link.young-unknown':
    'Until {until} only small purchases are possible here. This protects whoever else may have this number.',
  'line.number': '•••• {digits}',
  'line.without-number': 'The line of my phone',
  'line.labelled': '{label} ({number})',
  'line.is': 'Number',
  'line.proved': 'Confirmed',
  'line.state': 'State',
  'line.current': 'We are talking about this one',
  'line.other': 'Linked',
  'line.expired': 'Please confirm it again',
  'line.ends-soon': 'This phone is confirmed until {until}. Confirm it again before then, and nothing changes.',
  'line.blocked': 'Blocked until you confirm it again',
  'line.shared-with': 'Also linked',
  'line.sharer': '{channel}, since {date}',
  'method.whatsapp': 'By WhatsApp, {date}',
  'method.code': 'With a code, {date}',
  'method.cpid': 'By your phone, {date}',
  'method.directory': 'By your company, {date}',
  'method.pin': 'With your PIN, {date}',
  'lines.heading': 'My numbers',
  'lines.which': 'Which number is this about?',
  'lines.chosen': 'All right, we are talking about {line} now.',
  'lines.which-name': 'What shall I call it? For example “Mine” or “Office”.',
  'lines.remove': 'Remove {line} from this chat? I will not be able to show its balance or buy for it any more.',
  'lines.removed': '{line} is removed from this chat.',
  'lines.again': 'You can use {line} again.',
  'notice.linked': 'Your number {line} was just linked to another chat, on {channel}. Was that you?',
  'notice.thanks': 'Good, thank you.',
  'notice.removed': 'Removed. That other chat cannot see or buy anything for this number any more.',
  'notice.gone': 'That link is gone already, or yours is newer. You can see who has your numbers under “My numbers”.',
  'barred.ended':
    'This phone was confirmed for a while only, and that time is over, so I can show and buy nothing for it. {ways, select, none {Ask the team that gave you this chat to link it once more.} other {Please confirm it on the phone once more; then we go on.}}',
  'barred.expired':
    'It has been a while since you confirmed this number. {ways, select, none {To buy again, ask the team that gave you this chat to link it once more.} other {Please confirm once more that it is yours; then you can buy again.}}',
  'barred.sim-swap':
    'The SIM card of this number was changed. To keep your money safe, buying is paused{ways, select, none {. If the number is still yours, ask the team that gave you this chat to lift that.} other { until you confirm that the number is still yours.}}',
  'barred.number-change':
    'You changed your number, so I have let go of the old one. {ways, select, none {Ask the team that gave you this chat to link the number you have now.} other {Please confirm the number you have now.}}',
  'barred.recycled':
    'This number was given to someone else, so I have let go of it. {ways, select, none {Ask the team that gave you this chat to link the number you have now.} other {Please confirm the number you have now.}}',
  'barred.objected':
    'The first owner of this number asked me to remove it here. If it is yours, {ways, select, none {ask the team that gave you this chat.} other {please confirm it once more.}}',
  'barred.operator':
    'Buying is paused for this number. {ways, select, none {Ask the team that gave you this chat what to do.} other {Please confirm once more that it is yours.}}',
  'barred.young-none':
    'This number was linked here only recently, so buying starts {until}. This protects whoever had it before.',
  'forget.sure':
    'Shall I forget you? I will remove your numbers, your settings and what we talked about, and stop all alerts. Purchases stay on record without your name, because money has to be accounted for. This cannot be undone. No list of your company or operator brings you back, until you confirm a number here yourself or ask them to let you be listed again.',
  'forget.done': 'Done, I am forgetting you. If you write again, we start afresh. Take care!',
  'code.message': '{code} is your Refill code. It is good for 10 minutes. Do not give it to anyone.',
  'cpid.title': 'Confirm this phone',
  'cpid.intro': 'A {channel} chat asks to use the number of this phone: to see its balance, and to buy with its money.',
  'cpid.careful':
    'Go on only if you asked for this link yourself, in that chat, a moment ago. If somebody sent it to you, close this page.',
  'cpid.go': 'Confirm this phone',
  'cpid.again': 'Try again',
  'cpid.how-title': 'How this works',
  'cpid.how':
    'Your operator recognises this phone by its mobile data and gives us an anonymous mark for it, which ends by itself. We do not see your number on this page.',
  'cpid.cleartext':
    'The operator is asked without encryption, because its own network adds what identifies the phone on the way. That is why mobile data is needed, and why this page may be shown as not secure.',
  'cpid.asking-title': 'Asking your operator',
  'cpid.asking': 'This takes a few seconds.',
  'cpid.done-title': 'This phone is confirmed',
  'cpid.done': 'You can close this page and go back to the chat.',
  'cpid.wifi-title': 'You are not on mobile data',
  'cpid.wifi':
    'Your operator recognises this phone only in its own network. Turn Wi-Fi and any VPN off, leave mobile data on, and try again.',
  'cpid.refused-title': 'Your operator does not confirm this phone',
  'cpid.refused': 'Please choose another way in the chat, or ask your operator.',
  'cpid.later-title': 'This does not work right now',
  'cpid.later': 'Please try again in a minute. The link stays good until then.',
  'cpid.expired-title': 'This link has expired',
  'cpid.expired': 'Links are good for 10 minutes. Please ask for a new one in the chat.',
  'cpid.used-title': 'This link was used already',
  'cpid.used': 'It works once. If that was not you, open “My numbers” in the chat.',
  'cpid.no-script': 'This page needs JavaScript. Please switch it on, or choose another way in the chat.',
} satisfies Record<string, string>;
