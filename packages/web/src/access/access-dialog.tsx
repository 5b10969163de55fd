import { Button, CloseButton, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAccess } from './access.tsx';
import { token } from './token.ts';

/** Until people log in: a token that the operator issued, kept for this tab. */
export function AccessDialog() {
  const { t } = useTranslation();
  const { isAsking, done } = useAccess();
  const client = useQueryClient();
  const [text, setText] = useState('');
  const leave = (change: () => void): void => {
    change();
    setText('');
    done();
    void client.resetQueries();
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim() !== '') leave(() => token.keep(text.trim()));
  };
  return (
    <Modal.Root opened={isAsking} onClose={done}>
      <Modal.Overlay />
      <Modal.Content aria-label={t('access.title')}>
        <Modal.Body>
          <div className="drawer-head">
            <h2>{t('access.title')}</h2>
            <CloseButton size="lg" aria-label={t('close')} onClick={done} />
          </div>
          <form onSubmit={submit}>
            <Stack>
              <Text size="sm">{t('access.explanation')}</Text>
              <PasswordInput
                data-autofocus
                label={t('access.token')}
                value={text}
                onChange={(event) => setText(event.currentTarget.value)}
                autoComplete="off"
                visibilityToggleButtonProps={{ 'aria-label': t('access.show') }}
              />
              <Group justify="flex-end">
                {token.read() !== '' && (
                  <Button variant="default" onClick={() => leave(token.forget)}>
                    {t('access.forget')}
                  </Button>
                )}
                <Button type="submit">{t('access.enter')}</Button>
              </Group>
            </Stack>
          </form>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
