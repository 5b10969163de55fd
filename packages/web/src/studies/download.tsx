import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { token } from '../access/token.ts';
import { authorization, Problem } from '../api/fetch.ts';
import { DownloadIcon } from '../parts/icons.tsx';
import { Trouble } from '../parts/states.tsx';
import type { StudyRow } from './facts.ts';

/** A study as files with a DICOMDIR. The browser saves it as it comes; with a token it is fetched first. */
export function Download({ row: { facts, institution } }: { row: StudyRow }) {
  const { t } = useTranslation();
  const of = institution === '' ? '' : `?institution=${encodeURIComponent(institution)}`;
  const address = `/api/studies/${facts.uid}/zip${of}`;
  const fetching = useMutation({ mutationFn: () => save(address, `${facts.uid}.zip`) });
  return (
    <>
      <Button
        component="a"
        href={address}
        download
        size="xs"
        variant="default"
        leftSection={<DownloadIcon size={14} />}
        loading={fetching.isPending}
        onClick={(event) => {
          if (token.read() === '') return;
          event.preventDefault();
          fetching.mutate();
        }}
      >
        {t('studies.download')}
      </Button>
      {fetching.error !== null && <Trouble error={fetching.error} retry={() => fetching.mutate()} />}
    </>
  );
}

/** A link sends no token, so the bytes are fetched and handed to the browser. */
async function save(address: string, name: string): Promise<void> {
  const answer = await fetch(address, { headers: authorization() });
  if (!answer.ok) throw new Problem(answer.status, answer.status === 403 ? 'access/denied' : 'retrieve/not-found');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
