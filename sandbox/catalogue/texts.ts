import type { MultilingualText } from '../../bot/domain/text.js';

/** What a plan is for; each kind has its own words in every language. */
export type PlanKind = 'data' | 'video' | 'social' | 'combo' | 'unlimited' | 'voice' | 'night';

/** What fills the placeholders of a text. `size` is in people's units (`5 GB`). */
export interface PlanFacts {
  readonly kind: PlanKind;
  readonly days: 1 | 3 | 7 | 30;
  readonly size?: string;
  readonly minutes?: number;
  readonly sms?: number;
  readonly loan?: boolean;
}

interface Words {
  readonly period: Readonly<Record<PlanFacts['days'], string>>;
  /** The name and the first sentence of the description. */
  readonly kinds: Readonly<Record<PlanKind, readonly [name: string, about: string]>>;
  readonly validOneDay: string;
  readonly validDays: string;
  readonly loan: string;
}

/** The plan's name in `languages`, in that order. */
export function planNames(facts: PlanFacts, languages: readonly Language[]): readonly MultilingualText[] {
  return languages.map((language) => ({ language, text: fill(WORDS[language].kinds[facts.kind][0], facts, language) }));
}

/** The plan's description; says the validity in words, because Millom's offers have no field for it. */
export function planDescriptions(facts: PlanFacts, languages: readonly Language[]): readonly MultilingualText[] {
  return languages.map((language) => {
    const words = WORDS[language];
    const sentences: string[] = [words.kinds[facts.kind][1], facts.days === 1 ? words.validOneDay : words.validDays];
    if (facts.loan === true) sentences.push(words.loan);
    return { language, text: sentences.map((sentence) => fill(sentence, facts, language)).join(' ') };
  });
}

function fill(template: string, facts: PlanFacts, language: Language): string {
  const values: Record<string, string | number> = {
    period: WORDS[language].period[facts.days],
    days: facts.days,
    size: facts.size ?? '',
    minutes: facts.minutes ?? 0,
    sms: facts.sms ?? 0,
  };
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

const WORDS = {
  en: {
    period: { 1: 'Daily', 3: '3-day', 7: 'Weekly', 30: 'Monthly' },
    kinds: {
      data: ['{period} Internet {size}', '{size} of high-speed data for everything you do.'],
      video: ['{period} Video {size}', '{size} for YouTube, Netflix and other video apps only.'],
      social: ['{period} Social {size}', '{size} for WhatsApp, Facebook and other social apps only.'],
      combo: ['{period} Combo {size}', '{size} of data, {minutes} minutes to any network and {sms} SMS.'],
      unlimited: ['{period} Unlimited', 'Unlimited data at full speed.'],
      voice: ['{period} Talk {minutes}', '{minutes} minutes to any network.'],
      night: ['Night Surf {minutes} min', '{minutes} minutes of unlimited browsing between midnight and 6 am.'],
    },
    validOneDay: 'Valid 1 day.',
    validDays: 'Valid {days} days.',
    loan: 'Pay later: the price is taken from your next top-up.',
  },
  es: {
    period: { 1: 'diario', 3: 'de 3 días', 7: 'semanal', 30: 'mensual' },
    kinds: {
      data: ['Internet {period} {size}', '{size} de datos de alta velocidad para todo lo que haces.'],
      video: ['Video {period} {size}', '{size} solo para YouTube, Netflix y otras aplicaciones de video.'],
      social: ['Redes {period} {size}', '{size} solo para WhatsApp, Facebook y otras redes sociales.'],
      combo: ['Combo {period} {size}', '{size} de datos, {minutes} minutos a todas las redes y {sms} SMS.'],
      unlimited: ['Ilimitado {period}', 'Datos ilimitados a máxima velocidad.'],
      voice: ['Llamadas {period} {minutes}', '{minutes} minutos a todas las redes.'],
      night: [
        'Noche libre {minutes} min',
        '{minutes} minutos de navegación ilimitada entre la medianoche y las 6 a. m.',
      ],
    },
    validOneDay: 'Válido 1 día.',
    validDays: 'Válido {days} días.',
    loan: 'Paga después: el precio se descuenta de tu próxima recarga.',
  },
  ur: {
    period: { 1: 'روزانہ', 3: '3 روزہ', 7: 'ہفتہ وار', 30: 'ماہانہ' },
    kinds: {
      data: ['{period} انٹرنیٹ {size}', 'ہر کام کے لیے {size} تیز رفتار ڈیٹا۔'],
      video: ['{period} ویڈیو {size}', 'صرف یوٹیوب، نیٹ فلکس اور دیگر ویڈیو ایپس کے لیے {size}۔'],
      social: ['{period} سوشل {size}', 'صرف واٹس ایپ، فیس بک اور دیگر سوشل ایپس کے لیے {size}۔'],
      combo: ['{period} کومبو {size}', '{size} ڈیٹا، تمام نیٹ ورکس کے لیے {minutes} منٹ اور {sms} ایس ایم ایس۔'],
      unlimited: ['{period} لامحدود', 'پوری رفتار پر لامحدود ڈیٹا۔'],
      voice: ['{period} کال {minutes}', 'تمام نیٹ ورکس کے لیے {minutes} منٹ۔'],
      night: ['نائٹ سرف {minutes} منٹ', 'رات 12 سے صبح 6 بجے تک {minutes} منٹ لامحدود براؤزنگ۔'],
    },
    validOneDay: 'میعاد 1 دن۔',
    validDays: 'میعاد {days} دن۔',
    loan: 'بعد میں ادائیگی: قیمت اگلے ریچارج سے کاٹ لی جائے گی۔',
  },
  ms: {
    period: { 1: 'Harian', 3: '3 Hari', 7: 'Mingguan', 30: 'Bulanan' },
    kinds: {
      data: ['Internet {period} {size}', '{size} data berkelajuan tinggi untuk semua kegunaan.'],
      video: ['Video {period} {size}', '{size} untuk YouTube, Netflix dan aplikasi video lain sahaja.'],
      social: ['Sosial {period} {size}', '{size} untuk WhatsApp, Facebook dan aplikasi sosial lain sahaja.'],
      combo: ['Kombo {period} {size}', '{size} data, {minutes} minit ke semua rangkaian dan {sms} SMS.'],
      unlimited: ['Tanpa Had {period}', 'Data tanpa had pada kelajuan penuh.'],
      voice: ['Panggilan {period} {minutes}', '{minutes} minit ke semua rangkaian.'],
      night: ['Malam Bebas {minutes} min', '{minutes} minit melayari tanpa had antara tengah malam dan 6 pagi.'],
    },
    validOneDay: 'Sah selama 1 hari.',
    validDays: 'Sah selama {days} hari.',
    loan: 'Bayar kemudian: harga ditolak daripada tambah nilai seterusnya.',
  },
  th: {
    period: { 1: 'รายวัน', 3: '3 วัน', 7: 'รายสัปดาห์', 30: 'รายเดือน' },
    kinds: {
      data: ['เน็ต{period} {size}', 'เน็ตความเร็วสูง {size} ใช้ได้ทุกแอป'],
      video: ['วิดีโอ{period} {size}', '{size} สำหรับ YouTube, Netflix และแอปวิดีโออื่นเท่านั้น'],
      social: ['โซเชียล{period} {size}', '{size} สำหรับ WhatsApp, Facebook และแอปโซเชียลอื่นเท่านั้น'],
      combo: ['คอมโบ{period} {size}', 'เน็ต {size} โทรทุกเครือข่าย {minutes} นาที และ SMS {sms} ข้อความ'],
      unlimited: ['ไม่จำกัด{period}', 'เน็ตไม่จำกัดเต็มความเร็ว'],
      voice: ['โทร{period} {minutes} นาที', 'โทรทุกเครือข่าย {minutes} นาที'],
      night: ['เน็ตกลางคืน {minutes} นาที', 'เล่นเน็ตไม่จำกัด {minutes} นาที ระหว่างเที่ยงคืนถึง 6 โมงเช้า'],
    },
    validOneDay: 'ใช้ได้ 1 วัน',
    validDays: 'ใช้ได้ {days} วัน',
    loan: 'จ่ายทีหลัง: หักจากการเติมเงินครั้งถัดไป',
  },
  nb: {
    period: { 1: 'Dag', 3: '3 dager', 7: 'Uke', 30: 'Måned' },
    kinds: {
      data: ['Internett {period} {size}', '{size} data i full fart til alt du gjør.'],
      video: ['Video {period} {size}', '{size} kun til YouTube, Netflix og andre videoapper.'],
      social: ['Sosialt {period} {size}', '{size} kun til WhatsApp, Facebook og andre sosiale apper.'],
      combo: ['Kombi {period} {size}', '{size} data, {minutes} minutter til alle nett og {sms} SMS.'],
      unlimited: ['Fri data {period}', 'Ubegrenset data i full fart.'],
      voice: ['Ring {period} {minutes}', '{minutes} minutter til alle nett.'],
      night: ['Nattsurf {minutes} min', '{minutes} minutter fri surfing mellom midnatt og kl. 6.'],
    },
    validOneDay: 'Gyldig i 1 dag.',
    validDays: 'Gyldig i {days} dager.',
    loan: 'Betal senere: prisen trekkes fra neste påfylling.',
  },
  bn: {
    period: { 1: 'দৈনিক', 3: '৩ দিনের', 7: 'সাপ্তাহিক', 30: 'মাসিক' },
    kinds: {
      data: ['{period} ইন্টারনেট {size}', 'সব কাজের জন্য {size} দ্রুতগতির ডেটা।'],
      video: ['{period} ভিডিও {size}', 'শুধু ইউটিউব, নেটফ্লিক্স ও অন্যান্য ভিডিও অ্যাপের জন্য {size}।'],
      social: ['{period} সোশ্যাল {size}', 'শুধু হোয়াটসঅ্যাপ, ফেসবুক ও অন্যান্য সোশ্যাল অ্যাপের জন্য {size}।'],
      combo: ['{period} কম্বো {size}', '{size} ডেটা, যেকোনো নেটওয়ার্কে {minutes} মিনিট ও {sms} এসএমএস।'],
      unlimited: ['{period} আনলিমিটেড', 'পূর্ণ গতিতে আনলিমিটেড ডেটা।'],
      voice: ['{period} টকটাইম {minutes}', 'যেকোনো নেটওয়ার্কে {minutes} মিনিট।'],
      night: ['নাইট সার্ফ {minutes} মিনিট', 'রাত ১২টা থেকে সকাল ৬টা পর্যন্ত {minutes} মিনিট আনলিমিটেড ব্রাউজিং।'],
    },
    validOneDay: 'মেয়াদ ১ দিন।',
    validDays: 'মেয়াদ {days} দিন।',
    loan: 'পরে পরিশোধ: মূল্য আপনার পরবর্তী রিচার্জ থেকে কেটে নেওয়া হবে।',
  },
} as const satisfies Record<string, Words>;

export type Language = keyof typeof WORDS;
