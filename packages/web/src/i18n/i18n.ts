import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { en } from './en.ts';
import { es } from './es.ts';

const KEY = 'acervo.language';
export const LANGUAGES = ['es', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** How numbers and dates are written. */
const LOCALES: Record<Language, string> = { es: 'es-MX', en: 'en-US' };

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof es };
  }
}

/** Spanish, unless somebody chose otherwise in this browser. */
export async function startI18n(): Promise<void> {
  const chosen = LANGUAGES.find((language) => language === localStorage.getItem(KEY)) ?? 'es';
  await i18next.use(initReactI18next).init({
    lng: chosen,
    fallbackLng: 'es',
    resources: { es: { translation: es }, en: { translation: en } },
    interpolation: { escapeValue: false },
    // Codes of failures stand in keys.
    nsSeparator: false,
  });
  document.documentElement.lang = LOCALES[chosen];
}

export const languageOf = (): Language => (i18next.language === 'en' ? 'en' : 'es');

export const localeOf = (): string => LOCALES[languageOf()];

export async function speak(language: Language): Promise<void> {
  localStorage.setItem(KEY, language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = LOCALES[language];
}
