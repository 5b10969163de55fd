/** A Value Representation of PS3.5 6.2. */
export type Vr =
  | 'AE'
  | 'AS'
  | 'AT'
  | 'CS'
  | 'DA'
  | 'DS'
  | 'DT'
  | 'FD'
  | 'FL'
  | 'IS'
  | 'LO'
  | 'LT'
  | 'OB'
  | 'OD'
  | 'OF'
  | 'OL'
  | 'OV'
  | 'OW'
  | 'PN'
  | 'SH'
  | 'SL'
  | 'SQ'
  | 'SS'
  | 'ST'
  | 'SV'
  | 'TM'
  | 'UC'
  | 'UI'
  | 'UL'
  | 'UN'
  | 'UR'
  | 'US'
  | 'UT'
  | 'UV';

export type VrRow = {
  /** Width of the value length field in explicit VR, in bytes; 4 comes after 2 reserved bytes (PS3.5 7.1.2). */
  lengthBytes: 2 | 4;
  /** Width of the unit that byte order turns round, in bytes (PS3.5 7.3); 1: order does not matter. */
  swapBytes: 1 | 2 | 4 | 8;
  kind: 'text' | 'number' | 'binary' | 'tag' | 'sequence';
  /** True where Specific Character Set (0008,0005) governs the bytes (PS3.5 6.1.2.3). */
  charset: boolean;
  /** True where a value can be many: by backslash in text, by width in numbers and tags (PS3.5 6.4). */
  multi: boolean;
  /** The byte that makes a value of odd length even (PS3.5 6.2). */
  pad: 0x20 | 0x00;
};

const text = (row: Partial<VrRow> = {}): VrRow => ({
  lengthBytes: 2,
  swapBytes: 1,
  kind: 'text',
  charset: false,
  multi: true,
  pad: 0x20,
  ...row,
});
const number = (swapBytes: 2 | 4 | 8, row: Partial<VrRow> = {}): VrRow => ({
  lengthBytes: 2,
  swapBytes,
  kind: 'number',
  charset: false,
  multi: true,
  pad: 0x00,
  ...row,
});
const binary = (swapBytes: 1 | 2 | 4 | 8): VrRow => ({
  lengthBytes: 4,
  swapBytes,
  kind: 'binary',
  charset: false,
  multi: false,
  pad: 0x00,
});

/** What a reader and a writer need to know of each VR: PS3.5 tables 6.2-1, 7.1-1 and 7.1-2. */
export const VRS: Readonly<Record<Vr, Readonly<VrRow>>> = {
  AE: text(),
  AS: text(),
  AT: number(2, { kind: 'tag' }),
  CS: text(),
  DA: text(),
  DS: text(),
  DT: text(),
  FD: number(8),
  FL: number(4),
  IS: text(),
  LO: text({ charset: true }),
  LT: text({ charset: true, multi: false }),
  OB: binary(1),
  OD: binary(8),
  OF: binary(4),
  OL: binary(4),
  OV: binary(8),
  OW: binary(2),
  PN: text({ charset: true }),
  SH: text({ charset: true }),
  SL: number(4),
  SQ: { ...binary(1), kind: 'sequence' },
  SS: number(2),
  ST: text({ charset: true, multi: false }),
  SV: number(8, { lengthBytes: 4 }),
  TM: text(),
  UC: text({ lengthBytes: 4, charset: true }),
  UI: text({ pad: 0x00 }),
  UL: number(4),
  UN: binary(1),
  UR: text({ lengthBytes: 4, multi: false }),
  US: number(2),
  UT: text({ lengthBytes: 4, charset: true, multi: false }),
  UV: number(8, { lengthBytes: 4 }),
};

/** True for the two letters of a VR of the standard. */
export function isVr(letters: string): letters is Vr {
  return Object.hasOwn(VRS, letters);
}
