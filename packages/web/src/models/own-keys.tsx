import type { SessionPerson, SessionRole } from '@acervo/interop/console/session.ts';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type ApproverKeyRow, useKeyActions, useOwnKeys } from '../api/approver-keys.ts';
import { Dialog } from '../parts/dialog.tsx';
import { momentText } from '../parts/figures.ts';
import { Section } from '../parts/section.tsx';
import { Empty, Settled } from '../parts/states.tsx';
import { heldKey } from './approver-key.ts';
import { ReasonForm } from './reason-form.tsx';

/** Of the policies (`sign-model`). */
const SIGNING: ReadonlySet<SessionRole> = new Set([
  'validator',
  'authority',
  'data-protection-officer',
  'regulatory-liaison',
  'site-chief',
  'medical-physicist',
]);

/** Keys by which the person approves, for who signs; one that is lost is retired here. */
export function OwnKeys({ person }: { person: SessionPerson }) {
  const { t } = useTranslation();
  if (!person.roles.some((role) => SIGNING.has(role))) return null;
  return (
    <Section id="own-keys" title={t('oversight.keys.title')} note={t('oversight.keys.note')}>
      <Keys person={person} />
    </Section>
  );
}

function Keys({ person }: { person: SessionPerson }) {
  const { t } = useTranslation();
  // A browser that keeps nothing has no key, either.
  const here = useQuery({
    queryKey: ['held-key', person.id],
    queryFn: async () => (await heldKey(person.id).catch(() => undefined))?.name ?? null,
  });
  return (
    <Settled query={useOwnKeys()} rows={1}>
      {(keys) =>
        keys.length === 0 ? (
          <Empty title={t('oversight.keys.none')} hint={t('oversight.keys.noneHint')} />
        ) : (
          <table className="page-table page-stack">
            <thead>
              <tr>
                <th scope="col">{t('oversight.keys.key')}</th>
                <th scope="col">{t('oversight.keys.since')}</th>
                <th scope="col">{t('oversight.keys.state')}</th>
                <td />
              </tr>
            </thead>
            <tbody>
              {keys.map((row) => (
                <KeyRow key={row.key} row={row} isHere={here.data === row.key} person={person} />
              ))}
            </tbody>
          </table>
        )
      }
    </Settled>
  );
}

const NAME_SHOWN = 16;

function KeyRow({ row, isHere, person }: { row: ApproverKeyRow; isHere: boolean; person: SessionPerson }) {
  const { t } = useTranslation();
  const { key, enrolledAt, revokedAt } = row;
  return (
    <tr>
      <th scope="row">
        {t(isHere ? 'oversight.keys.here' : 'oversight.keys.elsewhere')}
        <div className="page-quiet page-code" title={key} translate="no">
          {t('oversight.keys.name', { key: key.slice(0, NAME_SHOWN) })}
        </div>
      </th>
      <td data-label={t('oversight.keys.since')}>{momentText(enrolledAt)}</td>
      <td data-label={t('oversight.keys.state')}>
        <span className="pill" data-kind={revokedAt === null ? 'good' : 'plain'}>
          {revokedAt === null
            ? t('oversight.keys.signs')
            : t('oversight.keys.retired', { time: momentText(revokedAt) })}
        </span>
      </td>
      <td>{revokedAt === null && <Retire row={row} isHere={isHere} person={person} />}</td>
    </tr>
  );
}

function Retire({ row, isHere, person }: { row: ApproverKeyRow; isHere: boolean; person: SessionPerson }) {
  const { t } = useTranslation();
  const { retire } = useKeyActions(person.csrf);
  const [isOpen, setOpen] = useState(false);
  const close = (): void => setOpen(false);
  const which = t(isHere ? 'oversight.keys.here' : 'oversight.keys.elsewhere');
  return (
    <>
      <Button
        size="xs"
        variant="default"
        aria-label={t('oversight.keys.retireThis', { key: row.key.slice(0, NAME_SHOWN) })}
        onClick={() => setOpen(true)}
      >
        {t('oversight.keys.retire')}
      </Button>
      <Dialog title={t('oversight.keys.retireTitle')} isOpen={isOpen} close={close}>
        <p>
          {which} · {momentText(row.enrolledAt)}
        </p>
        <p className="page-note">{t('oversight.keys.retireNote')}</p>
        <ReasonForm label={t('oversight.keys.retire')} send={(reason) => retire(row.key, reason)} close={close} />
      </Dialog>
    </>
  );
}
