import type { FailureCode } from '@acervo/kernel/failure.ts';

/**
 * What must become of the shared corpus. The rule: every file with a valid SOP Class, Study, Series and SOP Instance
 * UID (digits and dots, at most 64 characters) and a transfer syntax of PS3.6 is stored, however odd its content.
 * What the rule leaves out stands here, file by file, with its reason. Everything else must come in by every door.
 */
export type Refusal = {
  /** By STOW-RS and import, which bring files. */
  file: FailureCode;
  /**
   * By C-STORE, which brings a data set and names its SOP class and instance: how that is refused; `no-context`, when
   * the SOP class is none of the Storage Service and so no presentation context is accepted; `cannot-be-sent`, when
   * there is no data set, or neither it nor the file says class and instance, without which there is no request.
   */
  dataSet: FailureCode | 'no-context' | 'cannot-be-sent';
  why: string;
};

const DICOMDIR: Refusal = {
  file: 'store/missing-uid',
  dataSet: 'no-context',
  why: 'Basic Directory: an index of a medium, no SOP instance',
};
const NO_PATIENT: Refusal = {
  file: 'store/missing-uid',
  dataSet: 'store/missing-uid',
  why: 'non-patient object: belongs to no study',
};
const NO_STUDY: Refusal = {
  file: 'store/missing-uid',
  dataSet: 'store/missing-uid',
  why: 'no Study or Series Instance UID',
};
const FRAGMENT: Refusal = {
  file: 'store/missing-uid',
  dataSet: 'store/missing-uid',
  why: 'a fragment of an object: no UIDs in the data set',
};
const NAMELESS: Refusal = {
  file: 'store/missing-uid',
  dataSet: 'cannot-be-sent',
  why: 'no UIDs, neither in the data set nor in the file head',
};
const NO_DICOM: Refusal = { file: 'parse/not-part10', dataSet: 'cannot-be-sent', why: 'no DICOM file' };
const BAD_UID: Refusal = { file: 'store/invalid-uid', dataSet: 'store/invalid-uid', why: 'a UID that is none' };

export const REFUSED: Readonly<Record<string, Refusal>> = {
  'by-modality/MR/weasis-dicom-tools__img_jpeg2000-multiframe-multifragments.dcm': {
    ...BAD_UID,
    why: 'SOP Instance UID of 67 characters',
  },
  'by-modality/NOMOD/dcm_qa_ct__S1000_DIRFILE.dcm': DICOMDIR,
  'by-modality/NOMOD/dcm_qa_ct__S21610_DIRFILE.dcm': DICOMDIR,
  'by-modality/NOMOD/fo-dicom__charset_chrSQEncoding.dcm': FRAGMENT,
  'by-modality/NOMOD/pydicom__dicomdirtests_DICOMDIR-bigEnd.dcm': DICOMDIR,
  'by-modality/NOMOD/pydicom__dicomdirtests_DICOMDIR-nooffset.dcm': DICOMDIR,
  'by-modality/NOMOD/pydicom__dicomdirtests_DICOMDIR-nopatient.dcm': DICOMDIR,
  'by-modality/NOMOD/pydicom__palettes_fall.dcm': NO_PATIENT,
  'by-modality/NOMOD/pydicom__palettes_summer.dcm': NO_PATIENT,
  'by-modality/NOMOD/pydicom__test_files_JPEGLSNearLossless_08.dcm': NO_STUDY,
  'by-modality/NOMOD/pydicom__test_files_SC_rgb_jls_lossy_line.dcm': NO_STUDY,
  'by-modality/NOMOD/pydicom__test_files_UN_sequence.dcm': FRAGMENT,
  'by-modality/NOMOD/weasis-dicom-tools__hp_NeurosurgeryPlan.dcm': NO_PATIENT,
  'derived/edge/empty_study_uid_and_patientid.dcm': NO_STUDY,
  'derived/edge/html_renamed.dcm': NO_DICOM,
  'derived/edge/invalid_uids.dcm': BAD_UID,
  'derived/edge/missing_patient_study_series.dcm': NO_STUDY,
  'derived/edge/only_preamble.dcm': {
    file: 'parse/truncated',
    dataSet: 'cannot-be-sent',
    why: 'preamble and magic, nothing behind',
  },
  'derived/edge/truncated_header.dcm': { ...FRAGMENT, why: 'cut within its SOP Class UID' },
  'derived/edge/vl_claims_65535.dcm': { ...NO_STUDY, why: 'a value that claims 65535 bytes swallows the UIDs' },
  'derived/edge/zero_bytes.dcm': NO_DICOM,
  'derived/hostile/path_traversal_uids.dcm': { ...BAD_UID, why: 'UIDs that are paths' },
  'malformed/dicognito__test_conversion_error_logs_filename_and_error_type_bad.dcm': {
    file: 'store/not-a-dataset',
    dataSet: 'cannot-be-sent',
    why: 'a file head without a data set',
  },
  'malformed/pydicom__dicomdirtests_DICOMDIR-empty.dcm': DICOMDIR,
  'malformed/pydicom__test_files_empty_charset_LEI.dcm': NAMELESS,
  'malformed/pydicom__test_files_meta_missing_tsyntax.dcm': {
    file: 'parse/malformed',
    dataSet: 'cannot-be-sent',
    why: 'no transfer syntax named, and none to be seen',
  },
  'malformed/pydicom__test_files_nested_priv_SQ.dcm': NAMELESS,
  'malformed/pydicom__test_files_no_meta.dcm': {
    ...NO_DICOM,
    why: 'begins with a foreign byte: its first tag is none',
  },
  'malformed/pydicom__test_files_no_meta_group_length.dcm': FRAGMENT,
};

/** Every file of the corpus. */
export const FILES = 407;

/** Pairs that hold the same elements and pixels under the same UIDs: whichever comes second is not kept again. */
export const REENCODED: readonly (readonly [string, string])[] = [
  [
    // Without and with a Basic Offset Table.
    'by-modality/CT/dicomParser__multi-frame_CT0012.not_fragmented_no_bot_jpeg_ls.80.dcm',
    'by-modality/CT/dicomParser__multi-frame_CT0012.not_fragmented_bot_jpeg_ls.80.dcm',
  ],
  // Little endian, and big endian.
  ['by-modality/OT/pydicom-data__data_SC_rgb_16bit.dcm', 'by-modality/OT/pydicom-data__data_SC_rgb_expb_16bit.dcm'],
  ['by-modality/OT/pydicom-data__data_SC_rgb_32bit.dcm', 'by-modality/OT/pydicom-data__data_SC_rgb_expb_32bit.dcm'],
  ['malformed/pydicom__test_files_ExplVR_LitEndNoMeta.dcm', 'malformed/pydicom__test_files_ExplVR_BigEndNoMeta.dcm'],
];
