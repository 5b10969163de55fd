import type { SessionPerson } from '@acervo/interop/console/session.ts';
import { isApproval, NO_CONFLICT, readApproval, signApproval } from '@acervo/model/lifecycle/approval.ts';
import { NATION, type SigningRole, type State } from '@acervo/model/lifecycle/states.ts';
import { Button, NativeSelect, Radio, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/fetch.ts';
import { type Draft, draftOf, useModelActions, type Version } from '../api/models.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Trouble } from '../parts/states.tsx';
import { ApprovalText } from './approval-text.tsx';
import { enrolledKey } from './approver-key.ts';
import { ShareInput } from './share-input.tsx';
import { useModelWords } from './words.ts';

type SignDialogProps = {
  of: Version;
  site: string;
  to: State;
  /** Of the person, those that sign this step. */
  roles: readonly SigningRole[];
  person: SessionPerson;
  isOpen: boolean;
  close(): void;
};

/** First what the person has to say, then the whole text, then the signature. */
export function SignDialog({ isOpen, close, ...rest }: SignDialogProps) {
  const { t } = useTranslation();
  const words = useModelWords();
  const title = t('sign.title', { state: words.state(rest.to), place: words.place(rest.site) });
  return (
    <Dialog title={title} isOpen={isOpen} close={close} size="lg">
      <Signing {...rest} close={close} />
    </Dialog>
  );
}

type SigningProps = Omit<SignDialogProps, 'isOpen'>;

function Signing({ of, person, close, ...asked }: SigningProps) {
  const [draft, setDraft] = useState<Draft>();
  if (draft === undefined) return <Declaration {...asked} of={of} close={close} proceed={setDraft} />;
  return <Reading of={of} draft={draft} person={person} back={() => setDraft(undefined)} close={close} />;
}

type DeclarationProps = Omit<SigningProps, 'person'> & { proceed(draft: Draft): void };

function Declaration({ of, site, to, roles, proceed, close }: DeclarationProps) {
  const { t } = useTranslation();
  const [role, setRole] = useState<SigningRole>(roles[0] ?? 'validator');
  const [share, setShare] = useState('');
  const [hasConflict, setConflict] = useState<'no' | 'yes'>();
  const [conflict, setText] = useState('');
  const drafting = useMutation({
    mutationFn: () =>
      draftOf(of, {
        to,
        role,
        site: site === NATION ? null : site,
        percentage: to === 'limitado' ? Number(share) : null,
        conflict: hasConflict === 'yes' ? conflict.trim() : NO_CONFLICT,
      }),
    onSuccess: proceed,
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    drafting.mutate();
  };
  return (
    <form className="dialog-form" onSubmit={submit}>
      {roles.length > 1 && (
        <NativeSelect
          label={t('sign.role')}
          value={role}
          data={roles.map((each) => ({ value: each, label: t(`session.roles.${each}`) }))}
          onChange={({ currentTarget: { value } }) => setRole(roles.find((each) => each === value) ?? role)}
        />
      )}
      {to === 'limitado' && <ShareInput value={share} onChange={setShare} />}
      <Radio.Group
        label={t('sign.conflict')}
        description={t('sign.conflictNote')}
        value={hasConflict ?? null}
        onChange={(value) => setConflict(value === 'yes' ? 'yes' : 'no')}
      >
        <div className="dialog-choices">
          <Radio value="no" label={t('sign.noConflict')} required />
          <Radio value="yes" label={t('sign.hasConflict')} />
        </div>
      </Radio.Group>
      {hasConflict === 'yes' && (
        <Textarea
          label={t('sign.conflictWords')}
          value={conflict}
          onChange={(event) => setText(event.currentTarget.value)}
          required
          autosize
          minRows={2}
          maxLength={1000}
        />
      )}
      {drafting.error !== null && <Trouble error={drafting.error} />}
      <div className="dialog-end">
        <Button variant="default" onClick={close}>
          {t('cancel')}
        </Button>
        <Button type="submit" loading={drafting.isPending} disabled={hasConflict === undefined}>
          {t('sign.toText')}
        </Button>
      </div>
    </form>
  );
}

type ReadingProps = { of: Version; draft: Draft; person: SessionPerson; back(): void; close(): void };

function Reading({ of, draft: { document: text }, person, back, close }: ReadingProps) {
  const { t } = useTranslation();
  const { approve } = useModelActions(of, person.csrf);
  const signing = useMutation({
    mutationFn: async () => {
      const { name, privateKey } = await enrolledKey(person);
      const signature = await signApproval(text, privateKey);
      // What is shown is read from the text; a text that says anything else beside it is not signed.
      if (!isApproval(await readApproval({ text, signature, key: name }))) throw new Problem(0, 'internal');
      return approve({ document: text, signature, key: name });
    },
    onSuccess: close,
  });
  return (
    <div className="dialog-form">
      <p>{t('sign.lead')}</p>
      <ApprovalText text={text} signer={person.name} />
      <p className="page-note">{t('sign.keyNote')}</p>
      {signing.error !== null && <Trouble error={signing.error} />}
      <div className="dialog-end">
        <Button variant="default" onClick={back}>
          {t('sign.back')}
        </Button>
        <Button data-autofocus loading={signing.isPending} onClick={() => signing.mutate()}>
          {t('sign.sign')}
        </Button>
      </div>
    </div>
  );
}
