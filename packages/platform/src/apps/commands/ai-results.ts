import { Failure } from '@acervo/kernel/failure.ts';
import { SEVERITIES } from '../../features/assessment/incident.repo.ts';
import { listIncidents, reportIncident, type ToldIncident } from '../../features/assessment/incident.ts';
import type { AssessmentPorts } from '../../features/assessment/told.ts';
import { type Why, why } from '../../features/assessment/why.ts';
import type { ToldDecision, ToldFinding } from '../../ports/assessment.ts';
import type { Op } from '../../ports/op.ts';
import { type CommandArgs, type CommandContext, EXIT, type ExitCode, textOption } from '../command.ts';
import { required } from './sharing-desk.ts';

type Given = { args: CommandArgs; context: CommandContext; results: AssessmentPorts; op: Op };

/** `acervo ai why TASK|SOP-UID` */
export async function tellWhy({ args, context, results, op }: Given): Promise<ExitCode> {
  const told = await why(results, op, args.positionals[0] ?? '');
  context.print(whyText(told), told);
  return EXIT.done;
}

/** `acervo ai incident TASK|SOP-UID`: for a person who cannot log in; the journal says that it came by command. */
export async function incident({ args, context, results, op }: Given): Promise<ExitCode> {
  const severity = SEVERITIES.find((each) => each === textOption(args, 'severity'));
  if (severity === undefined) throw new Failure('request/invalid', `--severity ${SEVERITIES.join(' | ')}`);
  const text = required(args, 'text').trim();
  if (text === '') throw new Failure('request/invalid', 'say what happened: --text');
  const told = await reportIncident(results, op, args.positionals[0] ?? '', { severity, text });
  context.print(incidentText(told), told);
  return EXIT.done;
}

/** `acervo ai incidents` */
export async function incidents({ context, results, op }: Given): Promise<ExitCode> {
  const all = await listIncidents(results, op);
  if (all.length === 0) context.print('No incidents.');
  for (const each of all) context.print(incidentText(each), each);
  return EXIT.done;
}

function incidentText(incident: ToldIncident): string {
  const { id, at, institution, model, version, severity, state, by, text, steps } = incident;
  const lines = steps.map((step) => {
    const found = step.cause === null ? '' : `, cause ${step.cause}, act: ${step.correctiveAct ?? '-'}`;
    return `  ${step.at} ${step.to}, by ${step.by}: ${step.note}${found}`;
  });
  return [`${id} ${at} ${institution} ${model}@${version} ${severity} ${state}, by ${by}: ${text}`, ...lines].join(
    '\n',
  );
}

function findingText({ es, value, unit, threshold, isPositive }: ToldFinding): string {
  const said = isPositive === null ? '' : isPositive ? ', positive' : ', negative';
  const held = threshold === null ? '' : ` against ${threshold} ${unit ?? ''}`.trimEnd();
  return `  ${es}: ${value ?? '-'} ${unit ?? ''}${held}${said}`;
}

const decisionText = ({ at, by, decision, reason, secondsToDecide }: ToldDecision): string =>
  [
    `  ${at} ${decision} by ${by}`,
    secondsToDecide === null ? '' : `, ${secondsToDecide} s after it was shown`,
    reason === null ? '' : `: ${reason}`,
  ].join('');

function whyText(told: Why): string {
  const { digests, input, journal } = told;
  const asked = told.rules.length === 0 ? `asked for by ${told.askedBy}` : `by rules ${told.rules.join(', ')}`;
  const images = `${input.images.length} images${input.isSame === false ? ', which are not what they were' : ''}`;
  const signed = told.steps.flatMap(({ to, site, signatures }) =>
    signatures.map(
      ({ role, person, key }) => `  ${to} ${site === '' ? 'nation' : site}: ${role} ${person}, key ${key}`,
    ),
  );
  const use = told.contentQualification ?? 'unqualified';
  return [
    `${told.model}@${told.version} ${told.stage}${told.isDemonstration ? ', a demonstration' : ''}, ${use}`,
    `study ${told.study} of ${told.institution}`,
    `${asked}; made ${told.made}, ended ${told.ended}`,
    `package ${digests.package}, manifest ${digests.manifest ?? '-'}, model ${digests.model ?? '-'}`,
    `input ${digests.input ?? '-'}: ${images}; operations ${told.operations ?? '-'}`,
    'said:',
    ...told.findings.map(findingText),
    ...told.objects.map(
      ({ modality, sopInstanceUid, dataSetSha256 }) => `  ${modality} ${sopInstanceUid} ${dataSetSha256}`,
    ),
    'signed:',
    ...signed,
    'decided:',
    ...told.decisions.map(decisionText),
    ...told.incidents.map(({ id, at, severity, state }) => `  incident ${id} ${at} ${severity} ${state}`),
    `journal: ${journal.map(({ number, kind }) => `${number ?? 'not numbered yet'} ${kind}`).join(', ')}`,
  ].join('\n');
}
