/** Element values in the DICOM JSON Model (PS3.18 annex F). */
type Json = { [tag: string]: { vr: string; Value?: readonly (string | number | Json)[] } };

/** An instance that is stored. `warningReason` as in PS3.18 table I.2-1, e.g. 0xB000. */
export type StoredInstance = {
  sopClassUid: string;
  sopInstanceUid: string;
  retrieveUrl: string;
  warningReason?: number;
};

/** An identified instance that was not stored. `failureReason` as in PS3.18 table I.2-2, e.g. 0xA700. */
export type FailedInstance = { sopClassUid: string; sopInstanceUid: string; failureReason: number };

export type StoreOutcome = {
  /** URL of the study, when the instances stored are of one. */
  studyRetrieveUrl?: string;
  stored: readonly StoredInstance[];
  failed: readonly FailedInstance[];
  /** Failure reasons of parts in which no instance could be identified, one each. */
  others: readonly number[];
};

/**
 * The answer to Store Instances: status (PS3.18 table 10.5.3-1) and Store Instances Response Module
 * (PS3.18 annex I) in DICOM JSON. 200 all stored; 202 some, or with warnings; 409 none; 400 none, since
 * nothing in the request was an instance.
 */
export function storeResponse(outcome: StoreOutcome): { status: 200 | 202 | 400 | 409; document: object } {
  return { status: statusOf(outcome), document: documentOf(outcome) };
}

function statusOf({ stored, failed, others }: StoreOutcome): 200 | 202 | 400 | 409 {
  if (stored.length === 0) return failed.length === 0 ? 400 : 409;
  const isClean =
    failed.length === 0 && others.length === 0 && stored.every(({ warningReason }) => warningReason === undefined);
  return isClean ? 200 : 202;
}

function documentOf({ studyRetrieveUrl, stored, failed, others }: StoreOutcome): Json {
  const document: Json = {};
  if (studyRetrieveUrl !== undefined) document['00081190'] = { vr: 'UR', Value: [studyRetrieveUrl] };
  if (failed.length > 0) document['00081198'] = { vr: 'SQ', Value: failed.map(failedItem) };
  if (stored.length > 0) document['00081199'] = { vr: 'SQ', Value: stored.map(storedItem) };
  if (others.length > 0) {
    document['0008119A'] = { vr: 'SQ', Value: others.map((reason) => ({ '00081197': { vr: 'US', Value: [reason] } })) };
  }
  return document;
}

/** An item of Failed SOP Sequence (0008,1198). */
function failedItem({ sopClassUid, sopInstanceUid, failureReason }: FailedInstance): Json {
  return { ...reference(sopClassUid, sopInstanceUid), '00081197': { vr: 'US', Value: [failureReason] } };
}

/** An item of Referenced SOP Sequence (0008,1199). */
function storedItem({ sopClassUid, sopInstanceUid, retrieveUrl, warningReason }: StoredInstance): Json {
  const item: Json = { ...reference(sopClassUid, sopInstanceUid), '00081190': { vr: 'UR', Value: [retrieveUrl] } };
  if (warningReason !== undefined) item['00081196'] = { vr: 'US', Value: [warningReason] };
  return item;
}

function reference(sopClassUid: string, sopInstanceUid: string): Json {
  return { '00081150': uid(sopClassUid), '00081155': uid(sopInstanceUid) };
}

/** A UID that is not known is an empty value, and so has no `Value` (PS3.18 F.2.5). */
function uid(value: string): Json[string] {
  return value === '' ? { vr: 'UI' } : { vr: 'UI', Value: [value] };
}
