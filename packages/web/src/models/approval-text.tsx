import { type Approval, NO_CONFLICT } from '@acervo/model/lifecycle/approval.ts';
import { NATION } from '@acervo/model/lifecycle/states.ts';
import { useTranslation } from 'react-i18next';
import { momentText } from '../parts/figures.ts';
import { useModelWords } from './words.ts';

const DIGESTS = ['paquete', 'modelo', 'manifiesto', 'umbrales', 'riesgo', 'plan', 'banco', 'informe'] as const;

/** All that an approval says, in words, and the text itself below: nothing is signed unseen. */
export function ApprovalText({ text, signer }: { text: string; signer: string }) {
  const { t } = useTranslation();
  const words = useModelWords();
  const approval = JSON.parse(text) as Approval;
  const { de, a, sitio, porcentaje, rol, institucion, conflicto, vence } = approval;
  const facts: [label: string, value: string][] = [
    [t('sign.step'), `${words.state(de)} → ${words.state(a)}`],
    [t('sign.where'), words.place(sitio ?? NATION)],
    ...(porcentaje === null ? [] : ([[t('models.shareOf'), words.percentage(porcentaje)]] as [string, string][])),
    [t('sign.who'), signer],
    [t('sign.as'), `${t(`session.roles.${rol}`)} · ${words.place(institucion)}`],
    [t('sign.conflict'), conflicto === NO_CONFLICT ? t('sign.noConflict') : conflicto],
    [t('sign.until'), momentText(vence)],
  ];
  return (
    <>
      <dl className="drawer-facts">
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <dl className="approval-digests">
        {DIGESTS.map((name) => (
          <div key={name}>
            <dt>{t(`sign.digests.${name}`)}</dt>
            <Digest of={approval[name]} />
          </div>
        ))}
      </dl>
      <details className="model-step">
        <summary>{t('sign.exact')}</summary>
        <pre className="approval-exact" translate="no">
          {text}
        </pre>
      </details>
    </>
  );
}

function Digest({ of }: { of: string | null }) {
  const { t } = useTranslation();
  if (of === null) return <dd>{t('sign.noDigest')}</dd>;
  return (
    <dd className="page-code" translate="no">
      {of.replace('sha256:', '')}
    </dd>
  );
}
