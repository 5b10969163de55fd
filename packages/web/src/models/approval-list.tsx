import type { Approval } from '@acervo/model/lifecycle/approval.ts';
import { NATION, type State } from '@acervo/model/lifecycle/states.ts';
import { useTranslation } from 'react-i18next';
import { type GivenApproval, useApprovals, type Version } from '../api/models.ts';
import { momentText } from '../parts/figures.ts';
import { CheckIcon, WarnIcon } from '../parts/icons.tsx';
import { useRule } from '../parts/reason.ts';
import { Empty, Settled } from '../parts/states.tsx';
import { useModelWords } from './words.ts';

/** An approval with what its text says; the archive took no other text. */
export type Read = GivenApproval & { approval: Approval };

export const readGiven = (given: readonly GivenApproval[]): Read[] =>
  given.map((each) => ({ ...each, approval: JSON.parse(each.document) as Approval }));

/** Those that count for a step now. */
export const countedFor = (given: readonly Read[], step: { site: string; from: State; to: State }): Read[] =>
  given.filter(
    ({ against, approval: { sitio, de, a } }) =>
      against.length === 0 && (sitio ?? NATION) === step.site && de === step.from && a === step.to,
  );

/** Who signed what, the newest first. */
export function ApprovalList({ of }: { of: Version }) {
  const { t } = useTranslation();
  return (
    <Settled query={useApprovals(of)} rows={2}>
      {({ approvals }) =>
        approvals.length === 0 ? (
          <Empty title={t('models.noApprovals')} hint={t('models.noApprovalsHint')} />
        ) : (
          <table className="page-table page-stack">
            <thead>
              <tr>
                <th scope="col">{t('models.who')}</th>
                <th scope="col">{t('models.for')}</th>
                <th scope="col">{t('models.signedAt')}</th>
                <th scope="col">{t('models.validUntil')}</th>
                <th scope="col">{t('models.counts')}</th>
              </tr>
            </thead>
            <tbody>
              {readGiven(approvals).map((given) => (
                <ApprovalRow key={given.id} given={given} />
              ))}
            </tbody>
          </table>
        )
      }
    </Settled>
  );
}

function ApprovalRow({ given }: { given: Read }) {
  const { t } = useTranslation();
  const { approval, name, receivedAt } = given;
  const words = useModelWords();
  return (
    <tr>
      <th scope="row">
        {name || t('models.unknown')}
        <div className="page-quiet">{t(`session.roles.${approval.rol}`)}</div>
        {approval.conflicto !== 'ninguno' && (
          <div className="page-quiet">{t('models.declared', { conflict: approval.conflicto })}</div>
        )}
      </th>
      <td data-label={t('models.for')}>
        {[words.state(approval.a), words.percentage(approval.porcentaje)].filter((part) => part !== '').join(' · ')}
        <div className="page-quiet">{words.place(approval.sitio ?? NATION)}</div>
      </td>
      <td data-label={t('models.signedAt')}>{momentText(receivedAt)}</td>
      <td data-label={t('models.validUntil')}>{momentText(approval.vence)}</td>
      <td>
        <Counts given={given} />
      </td>
    </tr>
  );
}

function Counts({ given: { isUsed, against } }: { given: GivenApproval }) {
  const { t } = useTranslation();
  const rule = useRule();
  if (isUsed) return t('models.used');
  if (against.length === 0) {
    return (
      <span className="mark mark-good">
        <CheckIcon size={16} />
        {t('models.holds')}
      </span>
    );
  }
  return (
    <span className="mark">
      <WarnIcon size={16} />
      <span>
        {t('models.void')}
        {against.map((id) => (
          <span key={id} className="page-quiet model-against">
            {rule(id)}
          </span>
        ))}
      </span>
    </span>
  );
}
