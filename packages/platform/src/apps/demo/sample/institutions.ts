export type Institution = {
  /** As the archive keys it: at most 24 of A-Z, 0-9, dot and hyphen. */
  code: string;
  name: string;
  address: string;
  /** Issuer of Patient ID (0010,0021) where devices write one. */
  issuer: string;
};

/** A device as its objects describe it: real vendors' spelling of the manufacturer, invented models. */
export type System = {
  institution: Institution;
  aeTitle: string;
  vendor: string;
  model: string;
  station: string;
  serialNumber: string;
  software: string;
};

export const INSTITUTIONS = {
  imss: {
    code: 'IMSS-CMNSXXI',
    name: 'IMSS Centro Médico (ficticio)',
    issuer: 'IMSS-CMNSXXI',
    address: 'Av. de la Montaña 1, Ciudad de México',
  },
  issste: {
    code: 'ISSSTE-20NOV',
    name: 'ISSSTE Hospital 20 de Noviembre (ficticio)',
    issuer: 'ISSSTE-20NOV',
    address: 'Calle Año Nuevo 20, Ciudad de México',
  },
  ssa: {
    code: 'SSA-JAL-HCG',
    name: 'Hospital Civil (ficticio)',
    issuer: 'SSA-JAL-HCG',
    address: 'Calle del Águila 300, Guadalajara, Jalisco',
  },
} as const satisfies Record<string, Institution>;

const { imss, issste, ssa } = INSTITUTIONS;

export const SYSTEMS = {
  imssCtGe: system(imss, 'IMSS_CT1', 'GE MEDICAL SYSTEMS', 'Revoluta 64', 'CT1', '07HW01.3'),
  imssCtSiemens: system(imss, 'IMSS_CT2', 'SIEMENS', 'SOMATRON Ficta', 'CT2', 'syngo CT 2012B'),
  imssCr: system(imss, 'IMSS_CR1', 'FUJIFILM Corporation', 'FCR-X 5000', 'CR1', 'A18'),
  imssReport: system(imss, 'IMSS_RIS', 'Informes de México', 'Dictado', 'RIS1', '4.2'),
  isssteMrSiemens: system(issste, 'ISSSTE_MR1', 'SIEMENS', 'MAGNETRON Alba', 'MR1', 'syngo MR E11'),
  isssteMrPhilips: system(issste, 'ISSSTE_MR2', 'Philips Medical Systems', 'Ingesia 1.5T', 'MR2', '5.3.1'),
  isssteUs: system(issste, 'ISSSTE_US1', 'Mindray', 'DC-Ñ80', 'US1', '03.02.00'),
  isssteReport: system(issste, 'ISSSTE_RIS', 'Informes de México', 'Dictado', 'RIS2', '3.9'),
  ssaUs: system(ssa, 'HCG_US3', 'Philips Medical Systems', 'EPIQUE 7', 'US3', '1.8.2'),
  ssaCr: system(ssa, 'HCG_CR1', 'FUJIFILM Corporation', 'FCR-X 3000', 'CR1', 'A12'),
  ssaCt: system(ssa, 'HCG_CT1', 'Philips', 'Brillanza 16', 'CT1', '4.1.7'),
  ssaReport: system(ssa, 'HCG_RIS', 'Informes de México', 'Dictado', 'RIS3', '4.2'),
} as const satisfies Record<string, System>;

function system(
  institution: Institution,
  aeTitle: string,
  vendor: string,
  model: string,
  station: string,
  software: string,
): System {
  return { institution, aeTitle, vendor, model, station, software, serialNumber: `FICTICIO-${aeTitle}` };
}
