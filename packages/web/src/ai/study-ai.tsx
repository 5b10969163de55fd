import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type AiTask, type Decision, type Finding, useStudyAi } from '../api/ai.ts';
import { type ModelVersion, useModel } from '../api/models.ts';
import { languageOf } from '../i18n/i18n.ts';
import { usePerson } from '../models/words.ts';
import { momentText } from '../parts/figures.ts';
import { Mark, type Marked } from '../parts/mark.tsx';
import { useReason } from '../parts/reason.ts';
import { Trouble } from '../parts/states.tsx';
import { measureText } from './measure.ts';
import { ResultActions } from './result-actions.tsx';

type StudyAiProps = { study: string; institution: string };

/** What AI has said of a study, or that it has not. Where there is none, there is nothing here. */
export function StudyAi({ study, institution }: StudyAiProps) {
  const { t } = useTranslation();
  const query = useStudyAi(study, institution);
  // Whether there is AI is not known then: silence would say that there is none.
  if (query.data === undefined && query.error !== null)
    return <Trouble error={query.error} retry={() => void query.refetch()} />;
  if (query.data === undefined || query.data.length === 0) return null;
  return (
    <section aria-labelledby="study-ai">
      <h3 id="study-ai">{t('ai.title')}</h3>
      <ul className="ai-tasks">
        {query.data.map((task) => (
          <li key={task.id}>
            <Task study={study} task={task} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Task({ study, task }: { study: string; task: AiTask }) {
  const { t } = useTranslation();
  const person = usePerson();
  // When the person came to see it: how long a decision took counts from here.
  const [shownAt] = useState(() => new Date().toISOString());
  const why = useWhy();
  const { findings = [], decisions = [], reportsUnread = 0 } = task;
  return (
    <article className="ai-task">
      <Head task={task} />
      <Withdrawal task={task} />
      <p className="ai-state" data-state={task.state}>
        {languageOf() === 'es' ? task.es : task.en}
        {task.reason !== null && <span className="page-quiet"> · {why(task.reason)}</span>}
      </p>
      {findings.length > 0 && <Findings findings={findings} />}
      {reportsUnread > 0 && <p className="mark-bad">{t('ai.unread')}</p>}
      {decisions.length > 0 && <Decisions decisions={decisions} />}
      {task.state === 'result' && person !== undefined && (
        <ResultActions study={study} task={task.id} person={person} shownAt={shownAt} />
      )}
    </article>
  );
}

const WHY = ['deadline', 'superseded', 'cancelled', 'not-placed', 'worker-died'] as const;

/** Words for why there is no result: of routing, of a failure, or as the model's manifest names its rule. */
function useWhy(): (code: string) => string {
  const { t } = useTranslation();
  const reason = useReason();
  return (code) => {
    const known = WHY.find((each) => each === code);
    return known === undefined ? reason(code) : t(`ai.why.${known}`);
  };
}

/** Model, version, stage, and whether it is for patients at all. */
function Head({ task }: { task: AiTask }) {
  const { t } = useTranslation();
  const { data } = useModel(task.model);
  const known = data?.versions.find(({ version }) => version === task.version);
  const said = task.state === 'result' ? (task.contentQualification ?? 'unknown') : undefined;
  const mark = markOf(task, known?.regulatory.useStatus);
  return (
    <header className="ai-head">
      <div>
        <h4>{known?.name ?? task.model}</h4>
        <p className="page-quiet">
          <span translate="no">
            {task.model} {task.version}
          </span>
          {' · '}
          {t(`models.states.${task.stage}`)}
          {said !== undefined && ` · ${t(`ai.qualification.${said}`)}`}
        </p>
      </div>
      {mark !== undefined && <Mark of={mark} />}
    </header>
  );
}

/** A result says itself what it is for; where there is none, the registry says it of its model. */
function markOf(
  { state, contentQualification, isDemonstration }: AiTask,
  useStatus: ModelVersion['regulatory']['useStatus'] | undefined,
): Marked | undefined {
  if (isDemonstration === true) return 'demostracion';
  if (state !== 'result') return useStatus === 'clinico' ? undefined : useStatus;
  if (contentQualification === 'PRODUCT') return undefined;
  return contentQualification === 'RESEARCH' ? 'investigacion' : 'unknown';
}

function Withdrawal({ task: { withdrawn } }: { task: AiTask }) {
  const { t } = useTranslation();
  if (withdrawn == null) return null;
  const why = languageOf() === 'es' ? withdrawn.reasonEs : withdrawn.reasonEn;
  return (
    <div className="ai-withdrawn">
      <strong>{t('ai.withdrawn', { time: momentText(withdrawn.at) })}</strong>
      <p>{why}</p>
    </div>
  );
}

function Findings({ findings }: { findings: readonly Finding[] }) {
  const { t } = useTranslation();
  return (
    <table className="page-table ai-findings">
      <thead>
        <tr>
          <th scope="col">{t('ai.finding')}</th>
          <th scope="col" className="page-number">
            {t('ai.value')}
          </th>
          <th scope="col" className="page-number">
            {t('ai.threshold')}
          </th>
        </tr>
      </thead>
      <tbody>
        {findings.map((finding) => (
          <tr key={`${finding.code.scheme} ${finding.code.value} ${finding.unit} ${finding.value}`}>
            <th scope="row">
              {languageOf() === 'es' ? finding.es : finding.en}
              {finding.isPositive !== null && (
                <div className="ai-sign" data-positive={finding.isPositive}>
                  {t(signOf(finding))}
                </div>
              )}
            </th>
            <td className="page-number">{measureText(finding.value, finding.unit) || t('none')}</td>
            <td className="page-number">{measureText(finding.threshold ?? null, finding.unit) || t('none')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What was held against no threshold is there or not. */
function signOf({ isPositive, threshold }: Finding) {
  if (threshold == null) return isPositive ? 'ai.there' : 'ai.notThere';
  return isPositive ? 'ai.present' : 'ai.absent';
}

function Decisions({ decisions }: { decisions: readonly Decision[] }) {
  const { t } = useTranslation();
  return (
    <ul className="ai-decisions" aria-label={t('ai.decisions')}>
      {decisions.map(({ at, by, decision, reason }) => (
        <li key={`${at} ${by}`}>
          <p>
            <strong>{t(`ai.decided.${decision}`)}</strong>
            {reason !== null && reason !== '' && ` · ${reason}`}
          </p>
          <p className="page-quiet">{`${by} · ${momentText(at)}`}</p>
        </li>
      ))}
    </ul>
  );
}
