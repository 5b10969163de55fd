/** Kept for this tab only, and gone with it. */
const KEY = 'acervo.token';

export const token = {
  read: (): string => sessionStorage.getItem(KEY) ?? '',
  keep: (text: string): void => sessionStorage.setItem(KEY, text),
  forget: (): void => sessionStorage.removeItem(KEY),
};
