import type { buying as english } from '../en/buying.js';

export const buying: Partial<Record<keyof typeof english, string>> = {
  'purchase.confirm-heading': 'براہِ کرم تصدیق کریں',
  'purchase.loan-warning': 'یہ قرض ہے۔ آپ پر {price} واجب ہوں گے، جو اگلے ری چارج سے کاٹے جائیں گے۔',
  'purchase.price-changed': 'قیمت بدل گئی ہے: پہلے {before} تھی، اب {after} ہے۔',
  'purchase.on-its-way': 'آ رہا ہے',
  'purchase.on-its-way-text': 'میں نے {price} میں {name} کا آرڈر دے دیا ہے۔ مکمل ہوتے ہی رسید یہاں بھیج دوں گا۔',
  'purchase.under-way': '{name} پہلے ہی آ رہا ہے۔ مکمل ہونے پر یہاں بتا دوں گا؛ کچھ بھی دو بار نہیں خریدا جاتا۔',
  'purchase.checking':
    'میں ابھی آپ کی موبائل کمپنی سے پوچھ رہا ہوں کہ {name} کی خریداری ہوئی یا نہیں۔ براہِ کرم اسے دوبارہ نہ خریدیں؛ میں یہاں بتا دوں گا۔',
  'purchase.busy':
    'میں نے {wanted} کا آرڈر نہیں دیا: {name} ابھی راستے میں ہے، اور میں ایک وقت میں ایک ہی چیز خریدتا ہوں۔ اس کے بعد دوبارہ کوشش کریں۔',
  'purchase.busy-other':
    'میں نے {wanted} کا آرڈر نہیں دیا: آپ کی موبائل کمپنی ابھی اس نمبر کے ایک پہلے آرڈر پر کام کر رہی ہے۔ براہِ کرم بعد میں کوشش کریں۔',

  'receipt.heading': 'رسید',
  'receipt.text': '{name} آپ کا ہوا۔ لطف اٹھائیں!',
  'receipt.paid': 'ادا کیے',
  'receipt.owed': 'آپ پر واجب',
  'receipt.date': 'تاریخ',
  'receipt.reference': 'حوالہ',

  'failure.heading': 'یہ نہیں ہو سکا',
  'failure.funds': '{name} کے لیے آپ کا بیلنس کافی نہیں تھا۔',
  'failure.roaming': 'رومنگ کے دوران {name} نہیں خریدا جا سکتا۔',
  'failure.opted-out': 'آپ کی موبائل کمپنی کے مطابق آپ نے {name} جیسی آفرز لینے سے منع کر رکھا ہے۔',
  'failure.conflict':
    'آپ کی موبائل کمپنی نے {name} قبول نہیں کیا، کیونکہ یہ آپ کے موجودہ یا ابھی خریدے گئے پیکج سے ٹکراتا ہے۔',
  'failure.gone': '{name} اب فروخت نہیں ہوتا۔',
  'failure.not-allowed': 'آپ کی موبائل کمپنی اس نمبر پر {name} کی اجازت نہیں دیتی۔',
  'failure.other': 'آپ کی موبائل کمپنی {name} مکمل نہ کر سکی۔',
  'failure.not-charged': 'کوئی رقم نہیں کاٹی گئی۔',

  'purchases.heading': 'میری خریداری',
  'purchases.none': 'آپ نے یہاں ابھی تک کچھ نہیں خریدا۔',
  'purchases.confirmed': 'آ رہا ہے',
  'purchases.submitting': 'آ رہا ہے',
  'purchases.processing': 'آ رہا ہے',
  'purchases.unknown': 'جانچ جاری ہے',
  'purchases.completed': 'مکمل',
  'purchases.failed': 'ناکام، رقم نہیں کاٹی گئی',

  'trouble.unreachable': 'اس وقت آپ کی موبائل کمپنی سے رابطہ نہیں ہو رہا۔ براہِ کرم تھوڑی دیر میں دوبارہ کوشش کریں۔',
  'trouble.unspecified': 'آپ کی موبائل کمپنی جواب نہ دے سکی۔ براہِ کرم بعد میں کوشش کریں۔',
  'trouble.invalid-number':
    'آپ کی موبائل کمپنی اس نمبر کو نہیں پہچانتی۔ براہِ کرم جس ٹیم نے نمبر منسلک کیا تھا اس سے تصدیق کروائیں۔',
  'trouble.bad-request': 'آپ کی موبائل کمپنی جواب نہ دے سکی۔ براہِ کرم بعد میں کوشش کریں۔',
  'trouble.roaming': 'رومنگ کے دوران یہ دستیاب نہیں۔',
  'trouble.opted-out': 'آپ نے اپنی موبائل کمپنی کو اس سروس سے منع کر رکھا ہے، اس لیے میں آفرز نہیں دکھا سکتا۔',
  'trouble.too-many-requests': 'آپ کی موبائل کمپنی اس وقت بہت مصروف ہے۔ براہِ کرم ایک منٹ بعد کوشش کریں۔',
  'trouble.unavailable': 'آپ کی موبائل کمپنی کی سروس اس وقت بند ہے۔ براہِ کرم بعد میں کوشش کریں۔',
  'trouble.conflict': 'آپ کی موبائل کمپنی ابھی اس نمبر پر کسی اور کام میں مصروف ہے۔ براہِ کرم بعد میں کوشش کریں۔',
  'trouble.insufficient-funds': 'اس کے لیے آپ کا بیلنس کافی نہیں۔',
  'trouble.not-allowed': 'آپ کی موبائل کمپنی اس نمبر پر اس کی اجازت نہیں دیتی۔',

  'failure.busy': 'آپ کی موبائل کمپنی بہت مصروف تھی اور {name} کا آرڈر نہ لے سکی۔',
  'failure.down': '{name} کا آرڈر آپ کی موبائل کمپنی تک نہیں پہنچ سکا۔',
  'failure.number':
    'آپ کی موبائل کمپنی اس نمبر کو نہیں پہچانتی جو اس چیٹ سے منسلک ہے، اس لیے {name} کا آرڈر نہیں ہو سکا۔',
  'failure.other-sim':
    'آپ کے {name} کی تصدیق کرنے کے بعد آپ کا فون دوبارہ منسلک ہوا، شاید کسی دوسری سم کے ساتھ، اس لیے میں نے آرڈر نہیں کیا۔',
  'failure.pin': '{name} کے لیے درج کیا گیا پن غلط تھا۔',
  'failure.ours': '{name} کے آرڈر میں کچھ غلطی تھی۔ یہ ہماری غلطی ہے، آپ کی نہیں۔',
  'failure.again-minutes': 'براہِ کرم چند منٹ بعد دوبارہ کوشش کریں۔',
  'failure.again-later': 'براہِ کرم تقریباً ایک گھنٹے بعد دوبارہ کوشش کریں۔',
  'failure.again-home': 'جب آپ واپس اپنے نیٹ ورک پر ہوں گے تو یہ دوبارہ ممکن ہو گا۔',
  'choice.loan': 'قرض پر لیں',
  'choice.opt-in': 'دوبارہ اجازت دیں',
  'choice.link': 'میرا نمبر منسلک کریں',
  'choice.older': 'اس سے پرانی',
  'choice.newest': 'تازہ ترین',
  'purchase.changed': 'جب سے میں نے یہ آفر دکھائی تھی، یہ بدل گئی ہے۔ تصدیق سے پہلے براہِ کرم دوبارہ دیکھ لیں:',
  'purchase.was-now': 'پہلے {before}، اب {after}',
  'purchase.not-said': 'نہیں بتایا گیا',
  'purchase.over-limit-day':
    'میں نے {price} میں {name} کا آرڈر نہیں دیا۔ یہاں 24 گھنٹوں کی حد {limit} ہے، اور اس میں سے {left} باقی ہیں۔',
  'purchase.over-limit-week':
    'میں نے {price} میں {name} کا آرڈر نہیں دیا۔ یہاں 7 دنوں کی حد {limit} ہے، اور اس میں سے {left} باقی ہیں۔',
  'purchase.limit-frees': 'آپ اسے اس وقت سے لے سکتے ہیں: {date}۔',
  'purchases.line': '{name} · {price} · {state} · حوالہ {reference}',
  'purchases.older': 'پرانی خریداری',
  'purchases.no-older': 'اس سے پرانی کوئی خریداری نہیں۔',
  'purchase.shown-long-ago':
    'یہ میں نے کچھ دیر پہلے دکھایا تھا۔ یہ اب بھی ویسا ہی ہے؛ براہِ کرم ایک بار پھر تصدیق کریں۔',
  'purchase.not-ordered': 'میں نے کوئی آرڈر نہیں دیا۔ آپ دوبارہ تصدیق کر سکتے ہیں:',
  'receipt.activating':
    '{name} کی ادائیگی ہو گئی ہے اور یہ فعال کیا جا رہا ہے۔ آپ کے بیلنس میں نظر آنے میں چند منٹ لگ سکتے ہیں۔',
};
