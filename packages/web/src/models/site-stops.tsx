import type { SessionPerson, SessionRole } from '@acervo/interop/console/session.ts';
import type { State } from '@acervo/model/lifecycle/states.ts';
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSiteStop } from '../api/approver-keys.ts';
import { type ModelVersion, useStandings } from '../api/models.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Section } from '../parts/section.tsx';
import { ReasonForm } from './reason-form.tsx';

/** Of the policies (`stop-model`). */
const EVERYWHERE: ReadonlySet<SessionRole> = new Set(['authority', 'regulatory-liaison']);
const AT_HOME: ReadonlySet<SessionRole> = new Set(['site-chief', 'radiologist', 'medical-physicist', 'administrator']);
const RUNNING: ReadonlySet<State> = new Set(['silencioso', 'limitado', 'general']);

type StopsProps = { person: SessionPerson; versions: readonly ModelVersion[] };

/** Every site whose AI the person may stop in one act, where something runs. */
export function SiteStops({ person, versions }: StopsProps) {
  const { t } = useTranslation();
  const standings = useStandings(versions);
  const counts = new Map<string, number>();
  for (const { site, state } of standings.flatMap(({ data }) => data?.sites ?? [])) {
    if (RUNNING.has(state) && mayStop(person, site)) counts.set(site, (counts.get(site) ?? 0) + 1);
  }
  if (counts.size === 0) return null;
  return (
    <Section id="site-stops" title={t('oversight.stop.title')} note={t('oversight.stop.note')}>
      <ul className="model-history">
        {[...counts].sort(bySite).map(([site, count]) => (
          <li key={site} className="site-stop">
            <span>
              <strong translate="no">{site}</strong>
              {' · '}
              {t('oversight.stop.running', { count })}
            </span>
            <Stop site={site} count={count} person={person} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

const bySite = ([a]: [string, number], [b]: [string, number]): number => a.localeCompare(b);

const mayStop = ({ roles, institution }: SessionPerson, site: string): boolean =>
  roles.some((role) => EVERYWHERE.has(role) || (site === institution && AT_HOME.has(role)));

function Stop({ site, count, person }: { site: string; count: number; person: SessionPerson }) {
  const { t } = useTranslation();
  const stop = useSiteStop(person.csrf);
  const [isOpen, setOpen] = useState(false);
  const close = (): void => setOpen(false);
  return (
    <>
      <Button color="red" variant="outline" size="xs" onClick={() => setOpen(true)}>
        {t('oversight.stop.stopAt', { site })}
      </Button>
      <Dialog title={t('oversight.stop.stopAt', { site })} isOpen={isOpen} close={close}>
        <p>{t('oversight.stop.what', { site, count })}</p>
        <p className="page-note">{t('oversight.stop.back')}</p>
        <ReasonForm
          label={t('oversight.stop.stop')}
          sure={t('oversight.stop.sure', { site })}
          send={(reason) => stop(site, reason)}
          close={close}
        />
      </Dialog>
    </>
  );
}
