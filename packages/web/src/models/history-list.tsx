import { useTranslation } from 'react-i18next';
import { type HistoryStep, useHistory, type Version } from '../api/models.ts';
import { momentText } from '../parts/figures.ts';
import { Empty, Settled } from '../parts/states.tsx';
import { useModelWords } from './words.ts';

/** Every step of a version, the newest first. */
export function HistoryList({ of }: { of: Version }) {
  const { t } = useTranslation();
  return (
    <Settled query={useHistory(of)} rows={2}>
      {({ steps }) =>
        steps.length === 0 ? (
          <Empty title={t('models.noHistory')} hint={t('models.noHistoryHint')} />
        ) : (
          <ol className="model-history">
            {steps.map((step) => (
              <li key={step.id}>
                <Step step={step} />
              </li>
            ))}
          </ol>
        )
      }
    </Settled>
  );
}

function Step({ step }: { step: HistoryStep }) {
  const { t } = useTranslation();
  const words = useModelWords();
  const { site, from, to, percentage, cause, actorKind, name, at, statement, approvals } = step;
  const who = actorKind === 'process' ? t('models.archive') : name || t('models.unknown');
  const share = words.percentage(percentage);
  return (
    <>
      <p>
        <strong>{words.place(site)}</strong> {words.state(from)} → {words.state(to)}
        {share !== '' && ` · ${share}`}
      </p>
      {statement.reason !== undefined && statement.reason !== '' && (
        <p>{cause === 'expired' ? t('models.causes.expired') : statement.reason}</p>
      )}
      <p className="page-quiet">
        {[
          momentText(at),
          who,
          cause === 'asked' || cause === 'expired' ? '' : t(`models.causes.${cause}`),
          approvals.length === 0 ? '' : t('models.signatures', { count: approvals.length }),
        ]
          .filter((part) => part !== '')
          .join(' · ')}
      </p>
    </>
  );
}
