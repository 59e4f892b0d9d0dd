import { TEMPLATE_LANGUAGES, type TemplateContent } from './templates.js';

/** The notice that is a one-time code: its one value. */
export const CODE_NOTICE = 'link_code';

/** What an account is given to create it. */
export interface CodeTemplate {
  readonly name: string;
  readonly language: (typeof TEMPLATE_LANGUAGES)[number];
  readonly category: 'AUTHENTICATION';
  /** A code that comes later than it is good for is no use, in seconds. */
  readonly message_send_ttl_seconds: number;
  readonly components: readonly object[];
}

const MINUTES = 10;

const COPY: Readonly<Record<CodeTemplate['language'], string>> = {
  en: 'Copy code',
  es: 'Copiar código',
  ur: 'کوڈ کاپی کریں',
};

/**
 * The authentication template, in every language. Its words are Meta's own in each: "123456 is your verification code. For your
 * security, do not share this code." with the time it is good for, and a button that copies it (WA/templates, "Authentication").
 */
export function codeTemplates(): readonly CodeTemplate[] {
  return TEMPLATE_LANGUAGES.map((language) => ({
    name: CODE_NOTICE,
    language,
    category: 'AUTHENTICATION',
    message_send_ttl_seconds: MINUTES * 60,
    components: [
      { type: 'BODY', add_security_recommendation: true },
      { type: 'FOOTER', code_expiration_minutes: MINUTES },
      { type: 'BUTTONS', buttons: [{ type: 'OTP', otp_type: 'COPY_CODE', text: COPY[language] }] },
    ],
  }));
}

/** The template messages that take `code` to a phone, best language first. */
export function codeContents(code: string, language: string): TemplateContent[] {
  const wanted = language.toLowerCase().split('-')[0];
  const parameters = [{ type: 'text', text: code.replace(/\D/g, '') }];
  return codeTemplates()
    .toSorted((a, b) => Number(b.language === wanted) - Number(a.language === wanted))
    .map((template) => ({
      type: 'template',
      template: {
        name: template.name,
        language: { code: template.language },
        components: [
          { type: 'body', parameters },
          { type: 'button', sub_type: 'url', index: '0', parameters },
        ],
      },
    }));
}
