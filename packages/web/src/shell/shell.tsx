import { PAGES, type Page } from '@acervo/interop/console/pages.ts';
import { ActionIcon, SegmentedControl, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { Link, Outlet } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useAccess } from '../access/access.tsx';
import { AccessDialog } from '../access/access-dialog.tsx';
import { LANGUAGES, languageOf, speak } from '../i18n/i18n.ts';
import { KeyIcon, MoonIcon, SunIcon } from '../parts/icons.tsx';
import { SessionMenu } from '../session/session-menu.tsx';

const ORDER = ['studies', 'models', 'activity', 'devices', 'storage'] as const satisfies readonly Page[];

/** What stands around every page. */
export function Shell() {
  const { t } = useTranslation();
  return (
    <div className="shell">
      <a className="shell-skip" href="#content">
        {t('skip')}
      </a>
      <header className="shell-head">
        <div className="shell-bar">
          <Link to={PAGES.studies} className="shell-brand">
            <img src={MARK} alt="" width={26} height={26} />
            <span translate="no">{BRAND}</span>
          </Link>
          <nav aria-label={t('shell.pages')} className="shell-nav">
            {ORDER.map((page) => (
              <Link
                key={page}
                to={PAGES[page]}
                activeOptions={{ exact: true, includeSearch: false }}
                className="shell-link"
              >
                {t(`shell.${page}`)}
              </Link>
            ))}
          </nav>
          <div className="shell-end">
            <Preferences />
            <SessionMenu />
          </div>
        </div>
      </header>
      <main id="content" className="shell-main" tabIndex={-1}>
        <Outlet />
      </main>
      <footer className="shell-foot">
        <a href="/api/openapi.json">{t('shell.api')}</a>
        <a href="/readyz">{t('shell.health')}</a>
        <a href="/metrics">{t('shell.metrics')}</a>
      </footer>
      <AccessDialog />
    </div>
  );
}

/** Of the bundler: it copies the file and writes its address here. */
const MARK = new URL('./mark.svg', import.meta.url).href;
/** The name of the program is the same in every language. */
const BRAND = 'Acervo';

function Preferences() {
  const { t } = useTranslation();
  const { ask } = useAccess();
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme('light') === 'dark';
  return (
    <div className="shell-preferences">
      <SegmentedControl
        size="xs"
        aria-label={t('shell.language')}
        value={languageOf()}
        onChange={(language) => void speak(language)}
        data={LANGUAGES.map((language) => ({
          value: language,
          label: <abbr title={t(`shell.languages.${language}`)}>{language.toUpperCase()}</abbr>,
        }))}
      />
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={isDark ? t('shell.toLight') : t('shell.toDark')}
        onClick={() => setColorScheme(isDark ? 'light' : 'dark')}
      >
        {isDark ? <SunIcon /> : <MoonIcon />}
      </ActionIcon>
      <ActionIcon variant="subtle" color="gray" aria-label={t('shell.access')} onClick={ask}>
        <KeyIcon />
      </ActionIcon>
    </div>
  );
}
