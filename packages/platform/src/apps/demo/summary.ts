import { Failure } from '@acervo/kernel/failure.ts';

type Json = Record<string, { Value?: unknown[] } | undefined>;

/** What the running server says that it holds, asked by DICOMweb. */
export type Summary = {
  institutions: {
    code: string;
    patients: number;
    studies: number;
    series: number;
    instances: number;
    modalities: string[];
  }[];
  /** A search that shows what folding is for. */
  search: { asked: string; found: string[] };
};

const PAGE = 100;

export async function readSummary(http: string, institutions: readonly string[]): Promise<Summary> {
  const found: Summary['institutions'] = [];
  for (const code of institutions) found.push(await summaryOf(`${http}/dicom-web/i/${code}`, code));
  const asked = 'nuñez';
  const matches = await ask(`${http}/dicom-web/studies?fuzzymatching=true&PatientName=${encodeURIComponent(asked)}`);
  return { institutions: found, search: { asked, found: [...new Set(matches.map(nameOf))] } };
}

async function summaryOf(root: string, code: string): Promise<Summary['institutions'][number]> {
  const studies: Json[] = [];
  for (let page: Json[] = []; page.length === PAGE || studies.length === 0; studies.push(...page)) {
    page = await ask(`${root}/studies?limit=${PAGE}&offset=${studies.length}`);
    if (page.length === 0) break;
  }
  const sum = (tag: string): number => studies.reduce((total, study) => total + Number(study[tag]?.Value?.[0] ?? 0), 0);
  return {
    code,
    studies: studies.length,
    series: sum('00201206'),
    instances: sum('00201208'),
    patients: new Set(studies.map((study) => study['00100020']?.Value?.[0])).size,
    modalities: [...new Set(studies.flatMap((study) => (study['00080061']?.Value ?? []) as string[]))].sort(),
  };
}

async function ask(url: string): Promise<Json[]> {
  const answer = await fetch(url, { headers: { accept: 'application/dicom+json' } });
  if (!answer.ok) throw new Failure('internal', `${new URL(url).pathname} answered ${answer.status}`);
  return (await answer.json()) as Json[];
}

function nameOf(study: Json): string {
  const name = study['00100010']?.Value?.[0] as { Alphabetic?: string } | undefined;
  return name?.Alphabetic ?? '';
}
