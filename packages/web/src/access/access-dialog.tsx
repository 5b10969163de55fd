import { Button, CloseButton, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { loginPath, useSession } from '../api/session.ts';
import { useAccess } from './access.tsx';
import { token } from './token.ts';

/** The way in: people log in; a token that the operator issued is kept for this tab. */
export function AccessDialog() {
  const { t } = useTranslation();
  const { isAsking, done } = useAccess();
  const { data: session } = useSession();
  const canLogIn = session?.access === 'enforced' && session.person === null;
  const client = useQueryClient();
  const [text, setText] = useState('');
  // Whoever is asked was logged in a moment ago, perhaps, and is no more.
  useEffect(() => {
    if (isAsking) void client.invalidateQueries({ queryKey: ['session'] });
  }, [isAsking, client]);
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
      <Modal.Content aria-label={t('access.enterTitle')}>
        <Modal.Body>
          <div className="drawer-head">
            <h2>{t('access.enterTitle')}</h2>
            <CloseButton size="lg" aria-label={t('close')} onClick={done} />
          </div>
          <form onSubmit={submit}>
            <Stack>
              {canLogIn && (
                <>
                  <Text size="sm">{t('access.logInLead')}</Text>
                  <Button component="a" href={loginPath()} data-autofocus>
                    {t('session.logIn')}
                  </Button>
                  <p className="access-or">{t('access.or')}</p>
                </>
              )}
              <PasswordInput
                data-autofocus={canLogIn ? undefined : true}
                label={t('access.token')}
                description={t('access.explanation')}
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
                <Button type="submit" variant={canLogIn ? 'default' : 'filled'}>
                  {t('access.enter')}
                </Button>
              </Group>
            </Stack>
          </form>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
