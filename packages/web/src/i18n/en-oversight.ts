import type { esOversight } from './es-oversight.ts';

type Texts<T> = { [Key in keyof T]: T[Key] extends string ? string : Texts<T[Key]> };

export const enOversight: Texts<typeof esOversight> = {
  incidents: {
    title: 'Incidents with AI',
    lead: 'What was reported, who looks into it, what was found and what was done.',
    link: 'Incidents with AI',
    which: 'Incidents that are shown',
    pending: 'To be followed ({{count}})',
    all: 'All ({{count}})',
    none: 'There are no incidents to follow',
    noneAtAll: 'None has been reported',
    noneHint: 'They are reported at the result, in the study.',
    harm: 'Harm of the patient: {{harm}}',
    states: { open: 'Open', investigating: 'Under investigation', closed: 'Closed' },
    reportedBy: 'Reported by {{who}} · {{time}}',
    investigatedBy: 'Investigated by {{who}}',
    study: 'Study',
    steps: 'What became of it',
    stepped: { investigating: 'Under investigation', closed: 'Closed', open: 'Opened again' },
    cause: 'Cause',
    causes: {
      model: 'The model',
      data: 'The data or images that it got',
      use: 'The way it was used',
      device: 'The device',
      none: 'There was no fault',
    },
    correctiveAct: 'What was done about it',
    noAct: 'Nothing to be done',
    take: 'Investigate',
    takeOver: 'Take it over',
    add: 'Add a note',
    close: 'Close with a finding',
    reopen: 'Open again',
    note: 'Note',
    found: 'What was found',
    reason: 'Why it is opened again',
    noNames: 'No names of patients. It stays in the journal with your name, and cannot be changed.',
    bundle: 'Download the file (ZIP)',
  },
};
