import { NATION, type State } from '@acervo/model/lifecycle/states.ts';
import { useTranslation } from 'react-i18next';
import { useSession } from '../api/session.ts';

/** Words for what models and those who answer for them are called. */
export function useModelWords() {
  const { t } = useTranslation();
  return {
    state: (state: State): string => t(`models.states.${state}`),
    place: (site: string): string => (site === NATION || site === '' ? t('models.nation') : site),
    percentage: (share: number | null): string => (share === null ? '' : t('models.share', { share })),
  };
}

/** Who has logged in, for what only people do. */
export const usePerson = () => useSession().data?.person ?? undefined;
