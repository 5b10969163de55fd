import type { ReactNode } from 'react';

type SectionProps = { id: string; title: string; aside?: ReactNode; note?: ReactNode; children: ReactNode };

/** A titled part of a page, on a surface of its own. */
export function Section({ id, title, aside, note, children }: SectionProps) {
  return (
    <section className="page-section" aria-labelledby={id}>
      <header className="page-section-head">
        <h2 id={id}>{title}</h2>
        {aside !== undefined && <span className="page-quiet">{aside}</span>}
      </header>
      {children}
      {note !== undefined && <p className="page-note">{note}</p>}
    </section>
  );
}

export function PageHead({ title, lead }: { title: string; lead: string }) {
  return (
    <header className="page-head">
      <h1>{title}</h1>
      <p>{lead}</p>
    </header>
  );
}
