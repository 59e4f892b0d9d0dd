import type { words as english } from '../en/words.js';

export const words: Partial<Record<keyof typeof english, string>> = {
  'unit.unlimited': 'لامحدود',
  'unit.bytes': '{count, plural, one {{number} بائٹ} other {{number} بائٹس}}',
  'unit.kilobytes': '{number} KB',
  'unit.megabytes': '{number} MB',
  'unit.gigabytes': '{number} GB',
  'unit.terabytes': '{number} TB',
  'unit.sms': '{count, plural, one {{number} SMS} other {{number} SMS}}',
  'unit.call-minutes': '{number} منٹ',
  'unit.clock-minutes': '{minutes} منٹ',
  'unit.clock-hours': '{count, plural, one {{hours} گھنٹہ} other {{hours} گھنٹے}}',
  'unit.clock-hours-minutes': '{count, plural, one {{hours} گھنٹہ {minutes} منٹ} other {{hours} گھنٹے {minutes} منٹ}}',
  'unit.other': '{number} {unit}',
  'unit.days': '{count, plural, one {{number} دن} other {{number} دن}}',
  'unit.hours': '{count, plural, one {{number} گھنٹہ} other {{number} گھنٹے}}',
  'unit.minutes': '{count, plural, one {{number} منٹ} other {{number} منٹ}}',
  'unit.seconds': '{count, plural, one {{number} سیکنڈ} other {{number} سیکنڈ}}',
  'unit.days-hours': '{days} {hours}',
  'unit.hours-minutes': '{hours} {minutes}',

  'quota.left': '{remaining} باقی',
  'quota.left-of': '{quota} میں سے {remaining} باقی',
  'quota.data-time': '{time} انٹرنیٹ',
  'quota.unlimited-data': 'لامحدود ڈیٹا',
  'quota.unlimited-calls': 'لامحدود کالز',
  'quota.unlimited-sms': 'لامحدود SMS',
  'quota.unlimited-other': 'لامحدود {unit}',

  'phrases.balance':
    'بیلنس|میرا بیلنس|بیلنس چیک|کتنا بیلنس|کتنا باقی ہے|کیا باقی ہے|کتنا ڈیٹا|ڈیٹا باقی|میرا ڈیٹا|میرا پیکج|میرا پلان|استعمال|kitna balance|balance check|kitna data|data kitna hai',
  'phrases.offers':
    'آفرز|آفر|پیشکش|پیکجز|پیکج|پیکیج|پیکیجز|بنڈل|خریدنا ہے|خریدیں|ڈیٹا خریدیں|مزید ڈیٹا|نیٹ پیکج|انٹرنیٹ پیکج|package|packages|net package|internet package',
  'phrases.help': 'مدد|ہیلپ|مدد چاہیے|میری مدد کریں|یہ کیسے کام کرتا ہے|آپ کیا کر سکتے ہیں|معلومات|madad',
  'phrases.settings': 'سیٹنگز|سیٹنگ|ترتیبات|اختیارات|نوٹیفکیشن|نوٹیفکیشنز|اطلاعات|الرٹس',
  'phrases.stop':
    'بند کریں|روکیں|رک جائیں|پیغامات بند کریں|مزید پیغامات نہیں|میسج نہ بھیجیں|سٹاپ|اسٹاپ|band karo|band karein',
  'phrases.cancel': 'منسوخ|منسوخ کریں|کینسل|رہنے دیں|نہیں شکریہ|ابھی نہیں|چھوڑیں|cancel karo|rehne do',
  'phrases.back': 'واپس|پیچھے|واپس جائیں|پچھلا|wapas',
  'phrases.person':
    'نمائندہ|نمائندے سے بات|کسی سے بات کرنی ہے|انسان|کسی انسان سے بات|کسٹمر کیئر|کسٹمر سروس|ہیلپ لائن|ایجنٹ|آپریٹر|helpline|numainda',
  'phrases.language': 'زبان|زبان بدلیں|زبانیں|اردو|اردو میں|urdu|urdu mein',
  'phrases.purchases': 'خریداری|میری خریداری|خریداریاں|ہسٹری|رسید|رسیدیں|آرڈرز|میں نے کیا خریدا|کٹوتی',
  'phrases.top-up':
    'ری چارج|ریچارج|ٹاپ اپ|لوڈ|ایزی لوڈ|بیلنس ڈلوانا|بیلنس لوڈ|بیلنس ڈالیں|easyload|easy load|balance load',
  'phrases.menu':
    'مینو|مین مینو|شروع|شروع کریں|ہیلو|ہائے|سلام|السلام علیکم|اسلام علیکم|آداب|salam|assalam o alaikum|aoa',

  'engine.unknown': 'معذرت، میں سمجھ نہیں سکا۔ آپ کوئی بٹن دبا سکتے ہیں، یا اس کا نمبر یا الفاظ لکھ سکتے ہیں۔',
  'engine.resume': 'وہیں واپس چلتے ہیں جہاں ہم تھے:',
  'engine.expired': 'وہ بات اب ختم ہو چکی ہے۔ آئیے یہاں سے دوبارہ شروع کریں۔',
  'engine.expired-offer': 'وہ آفر ختم ہو چکی ہے۔ آج آپ یہ لے سکتے ہیں۔',
  'engine.cancelled': 'ٹھیک ہے، منسوخ کر دیا۔ کچھ نہیں خریدا گیا۔',
  'engine.apology': 'معذرت، میری طرف سے کوئی خرابی ہو گئی اور میں جواب نہ دے سکا۔ براہِ کرم دوبارہ کوشش کریں۔',
  'engine.nothing-open': 'ابھی منسوخ کرنے کو کچھ نہیں ہے۔ آپ کیا کرنا چاہیں گے؟',

  'choice.balance': 'میرا بیلنس',
  'choice.offers': 'آفرز دیکھیں',
  'choice.settings': 'سیٹنگز',
  'choice.help': 'مدد',
  'choice.menu': 'مینو',
  'choice.top-up': 'ری چارج کا طریقہ',
  'choice.purchases': 'میری خریداری',
  'choice.person': 'کسی سے بات کریں',
  'choice.nudges-on': 'وقت پر خبردار کریں',
  'choice.nudges-off': 'الرٹس نہیں، شکریہ',
  'choice.offer': '{name} · {price}',
  'choice.more-offers': 'مزید آفرز',
  'choice.other-offers': 'دوسری آفرز',
  'choice.buy-for': '{price} میں خریدیں',
  'choice.borrow-for': '{price} ادھار پر لیں',
  'choice.confirm-pay': '{price} ادا کریں',
  'choice.confirm-loan': '{price} ادھار لیں',
  'choice.back': 'واپس',
  'choice.cancel': 'منسوخ کریں',
  'choice.done': 'ہو گیا',
  'choice.ask-someone': 'کسی سے ریچارج مانگیں',
  'choice.continue': 'جاری رکھیں',
  'choice.send-request': 'درخواست بھیجیں',

  'menu.text': 'آپ کیا کرنا چاہیں گے؟',

  'welcome.heading': 'خوش آمدید! یہ Refill ہے',
  'welcome.text':
    'میں بتا سکتا ہوں کہ آپ کے پیکج میں کتنا باقی ہے، آپ کے لیے مناسب آفرز دکھا سکتا ہوں، اور آپ کے لیے خرید بھی سکتا ہوں۔ کوئی بٹن دبائیں یا بس لکھ دیں۔',

  'consent.question':
    'کیا میں آپ کو یہاں الرٹ بھیج سکتا ہوں، مثلاً ڈیٹا ختم ہونے سے پہلے یا ریچارج پہنچنے پر؟ آپ چن سکتے ہیں کہ کون سے، اور جب چاہیں بند کر سکتے ہیں۔',
  'consent.on': 'بہت اچھا۔ ڈیٹا ختم ہونے سے پہلے میں آپ کو بتا دوں گا۔ جب مزید نہ چاہیں تو ”بند کریں“ لکھ دیں۔',
  'consent.off': 'ٹھیک ہے، کوئی الرٹ نہیں آئے گا۔ آپ اسے سیٹنگز میں بدل سکتے ہیں۔',
  'consent.stopped': 'ہو گیا۔ اب میری طرف سے کوئی الرٹ نہیں آئے گا۔ آپ اب بھی مجھ سے کچھ بھی پوچھ سکتے ہیں۔',

  'help.lead': 'میں آپ کے لیے یہ کر سکتا ہوں:',
  'help.lost': 'معذرت، میں اب بھی نہیں سمجھ سکا۔ میں آپ کے لیے یہ کر سکتا ہوں:',
  'help.balance': 'رقم، پیکجز، اور ان میں کتنا باقی ہے',
  'help.offers': 'ابھی آپ کیا خرید سکتے ہیں اور کتنے میں',
  'help.purchases': 'آپ نے یہاں کیا خریدا، اور رسیدیں',
  'help.settings': 'آپ کی زبان، اور کون سے الرٹس چاہئیں',
  'help.stop': 'تمام الرٹس ختم کرنے کے لیے ”بند کریں“ لکھیں، اور جو ہم کر رہے ہیں اسے چھوڑنے کے لیے ”منسوخ“۔',

  'person.text':
    'میں ابھی یہاں کسی شخص سے آپ کی بات نہیں کروا سکتا۔ براہِ کرم اپنی موبائل کمپنی کے کسٹمر کیئر کو کال کریں؛ یہاں جو ہوا وہ میرے پاس محفوظ رہے گا۔',

  'settings.heading': 'سیٹنگز',
  'settings.language': 'زبان',
  'settings.language-name': 'اردو',
  'settings.nudges': 'الرٹس',
  'settings.nudges-on':
    '{count, plural, =0 {سب بند} one {{all} میں سے {count} چالو} other {{all} میں سے {count} چالو}}',
  'settings.choose-language': 'ہم کس زبان میں بات کریں؟',
  'settings.language-set': 'ٹھیک ہے، اب ہم اردو میں بات کریں گے۔',
  'settings.choose-nudges': 'کسی الرٹ کو چالو یا بند کرنے کے لیے اسے دبائیں:',
  'settings.type-on': '✓ {type}',
  'settings.type-off': '✗ {type}',
  'settings.kept': 'ہو گیا۔ آپ کیا کرنا چاہیں گے؟',

  'language.en': 'English',
  'language.es': 'Español',
  'language.ur': 'اردو',

  'type.low-data': 'ڈیٹا کم رہ گیا',
  'type.out-of-data': 'ڈیٹا ختم',
  'type.pay-as-you-go': 'فی MB ادائیگی',
  'type.pack-near-consumption': 'پیکج ختم ہونے والا',
  'type.pack-consumed': 'پیکج ختم',
  'type.pack-expired': 'پیکج کی مدت ختم',
  'type.pack-near-expiry': 'مدت ختم ہونے والی',
  'type.low-monetary-balance': 'بیلنس کم',
  'type.monetary-reload': 'ری چارج ہو گیا',

  'channel.choose': 'منتخب کریں',
  'channel.offers': 'آفرز',
  'channel.more': 'مزید',
  'channel.privately': 'میں نے آپ کو یہیں جواب دیا ہے، اور اسے صرف آپ دیکھ سکتے ہیں۔',
  'channel.working': 'ایک لمحہ …',
  'channel.answered-in-private': 'میں نے آپ کو ہماری نجی چیٹ میں جواب دیا ہے۔',
  'channel.write-to-me':
    'میں آپ کی لائن کے بارے میں صرف نجی طور پر بات کرتا ہوں۔ مجھے ایپ کے طور پر شامل کریں اور وہاں لکھیں۔',
  'channel.choose-by-number': 'جو چاہیں اس کا نمبر لکھیں۔',

  'sandbox.persona': 'یہ ایک آزمائش ہے: ابھی کسی نے آپ کا نمبر نہیں جوڑا، اس لیے آپ فرضی رقم والے ایک فرضی صارف ہیں۔',
};
