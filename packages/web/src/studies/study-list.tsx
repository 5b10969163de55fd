import { useMediaQuery } from '@mantine/hooks';
import { type RefObject, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { countText } from '../parts/figures.ts';
import { isSex, type StudyFacts, type StudyRow } from './facts.ts';
import { OpenLink } from './open-link.tsx';

/** Narrower, a study is a card. */
const TABLE_FROM = '(min-width: 48em)';

type ListProps = { rows: readonly StudyRow[]; withInstitution: boolean; choose: (row: StudyRow) => void };

export function StudyList(props: ListProps) {
  const isWide = useMediaQuery(TABLE_FROM, true, { getInitialValueInEffect: false });
  const list = useRef<HTMLDivElement>(null);
  useArrows(list);
  return (
    <div ref={list} id="results">
      {isWide ? <Table {...props} /> : <Cards {...props} />}
    </div>
  );
}

/** Arrows go from study to study. */
function useArrows(list: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = list.current;
    const onKey = (event: KeyboardEvent): void => step(event, element);
    element?.addEventListener('keydown', onKey);
    return () => element?.removeEventListener('keydown', onKey);
  }, [list]);
}

function step(event: KeyboardEvent, list: HTMLElement | null): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by === undefined || list === null) return;
  const buttons = [...list.querySelectorAll<HTMLElement>('.study-name')];
  const next = buttons[buttons.indexOf(document.activeElement as HTMLElement) + by];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}

const keyOf = ({ facts, institution }: StudyRow): string => `${institution} ${facts.uid}`;

function Table({ rows, withInstitution, choose }: ListProps) {
  const { t } = useTranslation();
  return (
    <table className="page-table study-table">
      <thead>
        <tr>
          <th scope="col">{t('studies.patient')}</th>
          <th scope="col">{t('studies.study')}</th>
          <th scope="col">{t('studies.date')}</th>
          <th scope="col">{t('studies.accession')}</th>
          {withInstitution && <th scope="col">{t('studies.institution')}</th>}
          <th scope="col" className="page-number">
            {t('studies.images')}
          </th>
          <th scope="col">
            <span className="page-hidden">{t('studies.actions')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)} className="study-row">
            <td>
              <Name row={row} choose={choose} />
              <Person facts={row.facts} />
            </td>
            <td>
              <Description facts={row.facts} />
            </td>
            <td className="page-nowrap">
              {row.facts.date === '' ? <span className="page-quiet">{t('studies.undated')}</span> : row.facts.date}
              <div className="page-quiet">{row.facts.time}</div>
            </td>
            <td className="page-code">{row.facts.accession === '' ? t('none') : row.facts.accession}</td>
            {withInstitution && <td className="page-nowrap">{row.institution}</td>}
            <td className="page-number">{countText(row.facts.instances)}</td>
            <td className="study-action">
              <OpenLink row={row} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cards({ rows, withInstitution, choose }: ListProps) {
  const { t } = useTranslation();
  return (
    <ul className="study-cards">
      {rows.map((row) => (
        <li key={keyOf(row)} className="study-row study-card">
          <div className="study-card-main">
            <Name row={row} choose={choose} />
            <Person facts={row.facts} />
            <Description facts={row.facts} />
            <p className="page-quiet">
              {[row.facts.date, row.facts.time, withInstitution ? row.institution : '']
                .filter((part) => part !== '')
                .join(' · ')}
            </p>
            <p className="page-quiet">{t('studies.imagesOf', { count: row.facts.instances })}</p>
          </div>
          <OpenLink row={row} />
        </li>
      ))}
    </ul>
  );
}

function Name({ row, choose }: { row: StudyRow; choose: (row: StudyRow) => void }) {
  const { t } = useTranslation();
  const name = row.facts.name === '' ? t('studies.unnamed') : row.facts.name;
  return (
    <button type="button" className="study-name" onClick={() => choose(row)} title={t('studies.details', { name })}>
      {name}
    </button>
  );
}

function Person({ facts }: { facts: StudyFacts }) {
  const { t } = useTranslation();
  const sex = isSex(facts.sex) ? t(`studies.sexes.${facts.sex}`) : '';
  const age = facts.age === undefined ? '' : t('studies.years', { count: facts.age });
  const parts = [facts.patientId, sex, age].filter((part) => part !== '');
  return <div className="page-quiet">{parts.join(' · ')}</div>;
}

function Description({ facts }: { facts: StudyFacts }) {
  const { t } = useTranslation();
  return (
    <div className="study-description">
      <span>
        {facts.modalities.map((modality) => (
          <span key={modality} className="page-tag" translate="no">
            {modality}
          </span>
        ))}
      </span>
      <span className={facts.description === '' ? 'page-quiet' : ''}>
        {facts.description === '' ? t('studies.undescribed') : facts.description}
      </span>
    </div>
  );
}
