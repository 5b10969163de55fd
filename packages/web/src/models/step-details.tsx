import type { Slot } from '@acervo/model/lifecycle/machine.ts';
import type { RuleId, Verdict } from '@acervo/model/lifecycle/rules.ts';
import { NATION, type SigningRole, type State } from '@acervo/model/lifecycle/states.ts';
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type NextStep, useApprovals, type Version } from '../api/models.ts';
import { CheckIcon, WarnIcon } from '../parts/icons.tsx';
import { useRequirement } from '../parts/reason.ts';
import { countedFor, type Read, readGiven } from './approval-list.tsx';
import { SignDialog } from './sign-dialog.tsx';
import { StepDialog } from './step-dialog.tsx';
import { useModelWords, usePerson } from './words.ts';

/** Said with the request, not measured before: they are met by who takes the step. */
const SAID_THEN: ReadonlySet<RuleId> = new Set(['G57/retirement', 'G50/corrective-action', 'G37/percentage']);

type StepProps = { of: Version; site: string; from: State; step: NextStep; isOpen: boolean };

/** A step: what each of its guards says, whose signatures it needs, and what one may do about it. */
export function StepDetails({ of, site, from, step, isOpen }: StepProps) {
  const { t } = useTranslation();
  const words = useModelWords();
  const approvals = useApprovals(of);
  const given = countedFor(readGiven(approvals.data?.approvals ?? []), { site, from, to: step.to });
  const open = step.verdicts.filter(({ outcome, rule }) => outcome !== 'met' && !SAID_THEN.has(rule)).length;
  const missing = step.signatures.filter((slot) => !given.some(({ approval }) => slot.roles.includes(approval.rol)));
  const isReady = open + missing.length === 0;
  return (
    <details className="model-step" open={isOpen}>
      <summary>
        <span className="model-step-to">{words.state(step.to)}</span>
        <span className="page-quiet">
          {isReady
            ? t('models.ready')
            : [
                open > 0 ? t('models.open', { count: open }) : '',
                missing.length > 0 ? t('models.missing', { count: missing.length }) : '',
              ]
                .filter((part) => part !== '')
                .join(' · ')}
        </span>
      </summary>
      <ul className="marks">
        {step.verdicts.map((verdict) => (
          <Guard key={verdict.rule} verdict={verdict} />
        ))}
        {step.signatures.map((slot) => (
          <Signature key={slot.roles.join()} slot={slot} given={given} />
        ))}
      </ul>
      <Actions of={of} site={site} from={from} step={step} given={given} isReady={isReady} />
    </details>
  );
}

function Guard({ verdict: { rule, outcome } }: { verdict: Verdict }) {
  const { t } = useTranslation();
  const requirement = useRequirement();
  const said = outcome === 'met' ? 'met' : SAID_THEN.has(rule) ? 'asked' : outcome;
  return (
    <li className={said === 'met' ? 'mark mark-good' : said === 'asked' ? 'mark mark-asked' : 'mark'}>
      {said === 'met' ? <CheckIcon size={16} /> : <WarnIcon size={16} />}
      <div>
        <p>{requirement(rule)}</p>
        <p className="page-quiet">
          {t(`models.outcomes.${said}`)} · <span translate="no">{rule}</span>
        </p>
      </div>
    </li>
  );
}

function Signature({ slot, given }: { slot: Slot; given: readonly Read[] }) {
  const { t } = useTranslation();
  const by = given.find(({ approval }) => slot.roles.includes(approval.rol));
  const roles = slot.roles.map((role) => t(`session.roles.${role}`)).join(t('models.or'));
  return (
    <li className={by === undefined ? 'mark' : 'mark mark-good'}>
      {by === undefined ? <WarnIcon size={16} /> : <CheckIcon size={16} />}
      <div>
        <p>{t('models.signature', { roles })}</p>
        <p className="page-quiet">
          {by === undefined ? t('models.unsigned') : t('models.signedBy', { name: by.name || t('models.unknown') })}
        </p>
      </div>
    </li>
  );
}

type ActionsProps = {
  of: Version;
  site: string;
  from: State;
  step: NextStep;
  given: readonly Read[];
  isReady: boolean;
};

/** For those whose role it is; the archive judges again. */
function Actions({ of, site, from, step, given, isReady }: ActionsProps) {
  const { t } = useTranslation();
  const person = usePerson();
  const [opened, setOpened] = useState<'sign' | 'step'>();
  if (person === undefined) return null;
  const close = (): void => setOpened(undefined);
  const isHere = site === NATION || site === person.institution;
  const hasSigned = given.some(({ approval }) => approval.persona === person.id);
  const roles = rolesFor(person.roles, step.signatures);
  const maySign = isHere && roles.length > 0 && !hasSigned;
  const mayStep = isReady && isHere && person.roles.some((role) => step.by.some((each) => each === role));
  if (!maySign && !mayStep) return null;
  return (
    <div className="drawer-actions model-actions">
      {maySign && (
        <Button size="xs" onClick={() => setOpened('sign')}>
          {t('models.sign')}
        </Button>
      )}
      {mayStep && (
        <Button size="xs" variant="default" onClick={() => setOpened('step')}>
          {t('models.take')}
        </Button>
      )}
      {maySign && (
        <SignDialog
          of={of}
          site={site}
          to={step.to}
          roles={roles}
          person={person}
          isOpen={opened === 'sign'}
          close={close}
        />
      )}
      {mayStep && (
        <StepDialog
          of={of}
          site={site}
          from={from}
          to={step.to}
          person={person}
          isOpen={opened === 'step'}
          close={close}
        />
      )}
    </div>
  );
}

const rolesFor = (held: readonly string[], slots: readonly Slot[]): SigningRole[] => [
  ...new Set(slots.flatMap(({ roles }) => roles).filter((role) => held.includes(role))),
];
