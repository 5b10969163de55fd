import { SOP_CLASSES } from './generated/sop-classes.ts';
import { isValidUid } from './uid.ts';

export type SopClass = { uid: string; name: string; retired: boolean };

/** Every SOP class of the Storage and Non-Patient Object Storage Service Classes (PS3.4 B.5, GG.3). */
export const STORAGE_SOP_CLASSES: readonly Readonly<SopClass>[] = SOP_CLASSES.trim().split('\n').map(sopClassOf);

function sopClassOf(line: string): SopClass {
  const [uid = '', flag = '', ...name] = line.split(' ');
  return { uid, name: name.join(' '), retired: flag === 'R' };
}

const DICOM_ROOT = '1.2.840.10008.';
/** Where the standard puts its storage classes; the next ones will be here too. */
const STORAGE_ROOT = '1.2.840.10008.5.1.4.1.1.';

/** SOP classes of the other services, for logs and the console (PS3.6 table A-1). */
const SERVICE_SOP_CLASSES: readonly (readonly [uid: string, name: string])[] = [
  ['1.2.840.10008.1.1', 'Verification'],
  ['1.2.840.10008.1.3.10', 'Media Storage Directory Storage'],
  ['1.2.840.10008.1.20.1', 'Storage Commitment Push Model'],
  ['1.2.840.10008.1.20.2', 'Storage Commitment Pull Model'],
  ['1.2.840.10008.1.40', 'Procedural Event Logging'],
  ['1.2.840.10008.1.42', 'Substance Administration Logging'],
  ['1.2.840.10008.3.1.2.3.3', 'Modality Performed Procedure Step'],
  ['1.2.840.10008.3.1.2.3.4', 'Modality Performed Procedure Step Retrieve'],
  ['1.2.840.10008.3.1.2.3.5', 'Modality Performed Procedure Step Notification'],
  ['1.2.840.10008.5.1.1.1', 'Basic Film Session'],
  ['1.2.840.10008.5.1.1.2', 'Basic Film Box'],
  ['1.2.840.10008.5.1.1.4', 'Basic Grayscale Image Box'],
  ['1.2.840.10008.5.1.1.4.1', 'Basic Color Image Box'],
  ['1.2.840.10008.5.1.1.9', 'Basic Grayscale Print Management Meta'],
  ['1.2.840.10008.5.1.1.14', 'Print Job'],
  ['1.2.840.10008.5.1.1.15', 'Basic Annotation Box'],
  ['1.2.840.10008.5.1.1.16', 'Printer'],
  ['1.2.840.10008.5.1.1.16.376', 'Printer Configuration Retrieval'],
  ['1.2.840.10008.5.1.1.18', 'Basic Color Print Management Meta'],
  ['1.2.840.10008.5.1.1.23', 'Presentation LUT'],
  ['1.2.840.10008.5.1.1.33', 'Media Creation Management'],
  ['1.2.840.10008.5.1.1.40', 'Display System'],
  ['1.2.840.10008.5.1.4.1.1.200.4', 'Protocol Approval Information Model - FIND'],
  ['1.2.840.10008.5.1.4.1.1.200.5', 'Protocol Approval Information Model - MOVE'],
  ['1.2.840.10008.5.1.4.1.1.200.6', 'Protocol Approval Information Model - GET'],
  ['1.2.840.10008.5.1.4.1.1.201.1.1', 'Storage Management SOP Instance'],
  ['1.2.840.10008.5.1.4.1.1.201.2', 'Inventory - FIND'],
  ['1.2.840.10008.5.1.4.1.1.201.3', 'Inventory - MOVE'],
  ['1.2.840.10008.5.1.4.1.1.201.4', 'Inventory - GET'],
  ['1.2.840.10008.5.1.4.1.1.201.5', 'Inventory Creation'],
  ['1.2.840.10008.5.1.4.1.1.201.6', 'Repository Query'],
  ['1.2.840.10008.5.1.4.1.2.1.1', 'Patient Root Query/Retrieve Information Model - FIND'],
  ['1.2.840.10008.5.1.4.1.2.1.2', 'Patient Root Query/Retrieve Information Model - MOVE'],
  ['1.2.840.10008.5.1.4.1.2.1.3', 'Patient Root Query/Retrieve Information Model - GET'],
  ['1.2.840.10008.5.1.4.1.2.2.1', 'Study Root Query/Retrieve Information Model - FIND'],
  ['1.2.840.10008.5.1.4.1.2.2.2', 'Study Root Query/Retrieve Information Model - MOVE'],
  ['1.2.840.10008.5.1.4.1.2.2.3', 'Study Root Query/Retrieve Information Model - GET'],
  ['1.2.840.10008.5.1.4.1.2.3.1', 'Patient/Study Only Query/Retrieve Information Model - FIND'],
  ['1.2.840.10008.5.1.4.1.2.3.2', 'Patient/Study Only Query/Retrieve Information Model - MOVE'],
  ['1.2.840.10008.5.1.4.1.2.3.3', 'Patient/Study Only Query/Retrieve Information Model - GET'],
  ['1.2.840.10008.5.1.4.1.2.4.2', 'Composite Instance Root Retrieve - MOVE'],
  ['1.2.840.10008.5.1.4.1.2.4.3', 'Composite Instance Root Retrieve - GET'],
  ['1.2.840.10008.5.1.4.1.2.5.3', 'Composite Instance Retrieve Without Bulk Data - GET'],
  ['1.2.840.10008.5.1.4.31', 'Modality Worklist Information Model - FIND'],
  ['1.2.840.10008.5.1.4.33', 'Instance Availability Notification'],
  ['1.2.840.10008.5.1.4.34.6.1', 'Unified Procedure Step - Push'],
  ['1.2.840.10008.5.1.4.34.6.2', 'Unified Procedure Step - Watch'],
  ['1.2.840.10008.5.1.4.34.6.3', 'Unified Procedure Step - Pull'],
  ['1.2.840.10008.5.1.4.34.6.4', 'Unified Procedure Step - Event'],
  ['1.2.840.10008.5.1.4.34.6.5', 'Unified Procedure Step - Query'],
  ['1.2.840.10008.5.1.4.37.1', 'General Relevant Patient Information Query'],
  ['1.2.840.10008.5.1.4.41', 'Product Characteristics Query'],
  ['1.2.840.10008.5.1.4.42', 'Substance Approval Query'],
];

const STORAGE_UIDS = new Set(STORAGE_SOP_CLASSES.map((sopClass) => sopClass.uid));
const SERVICE_NAMES = new Map(SERVICE_SOP_CLASSES);
const NAMES = new Map([...SERVICE_NAMES, ...STORAGE_SOP_CLASSES.map(({ uid, name }) => [uid, name] as const)]);

/** The name of a SOP class, without the words 'SOP Class'; undefined for one the archive does not know. */
export function sopClassName(uid: string): string | undefined {
  return NAMES.get(uid);
}

/**
 * True where a C-STORE or STOW-RS of this SOP class is a composite object to keep: every storage class of
 * the standard, what a later edition adds beside them, and every private class. A national archive must
 * not lose an object because its dictionary is a year old.
 */
export function isStorageSopClass(uid: string): boolean {
  if (STORAGE_UIDS.has(uid)) return true;
  if (SERVICE_NAMES.has(uid) || !isValidUid(uid)) return false;
  return uid.startsWith(STORAGE_ROOT) || !uid.startsWith(DICOM_ROOT);
}
