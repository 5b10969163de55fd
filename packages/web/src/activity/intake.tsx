import type { RateStep } from '@acervo/interop/console/answers.ts';
import { useTranslation } from 'react-i18next';
import { bytesText, clockText, countText } from '../parts/figures.ts';

/** Of the drawing, in its own units. */
const HEIGHT = 72;
const STEP = 8;
const BAR = 6;

/** What came in, a bar for each step: accepted below, refused above it. The figures stand beside it in words. */
export function Intake({ steps }: { steps: readonly RateStep[] }) {
  const { t } = useTranslation();
  const most = Math.max(1, ...steps.map(({ taken, refused }) => taken + refused));
  const sum = (of: (step: RateStep) => number): number => steps.reduce((total, step) => total + of(step), 0);
  const summary = t('activity.intakeSummary', {
    taken: countText(sum(({ taken }) => taken)),
    refused: countText(sum(({ refused }) => refused)),
    bytes: bytesText(sum(({ bytes }) => bytes)),
  });
  const [first] = steps;
  return (
    <figure className="intake">
      <svg
        viewBox={`0 0 ${steps.length * STEP} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={summary}
        className="intake-bars"
      >
        {steps.map((step, index) => (
          <Bar key={step.at} step={step} x={index * STEP} most={most} />
        ))}
      </svg>
      <div className="intake-scale page-quiet">
        <span>{first && clockText(first.at)}</span>
        <span>{t('now')}</span>
      </div>
      <figcaption>{summary}</figcaption>
    </figure>
  );
}

function Bar({ step, x, most }: { step: RateStep; x: number; most: number }) {
  const { t } = useTranslation();
  const taken = (step.taken / most) * HEIGHT;
  const refused = (step.refused / most) * HEIGHT;
  return (
    <g>
      <title>
        {t('activity.step', {
          time: clockText(step.at),
          taken: countText(step.taken),
          refused: countText(step.refused),
        })}
      </title>
      <rect x={x} y={HEIGHT - 1} width={BAR} height={1} className="intake-ground" />
      <rect x={x} y={HEIGHT - taken} width={BAR} height={taken} className="intake-taken" />
      <rect x={x} y={HEIGHT - taken - refused} width={BAR} height={refused} className="intake-refused" />
    </g>
  );
}
