import type { SessionPerson } from '@acervo/interop/console/session.ts';
import { Button, NativeSelect, Popover, Stack, UnstyledButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { loginPath, useSession, useSessionActions } from '../api/session.ts';
import { PersonIcon } from '../parts/icons.tsx';

/** In the head of every page: who is logged in, or the way to be. */
export function SessionMenu() {
  const { t } = useTranslation();
  const { data } = useSession();
  if (data === undefined) return null;
  if (data.access === 'open') return <p className="session-open">{t('session.open')}</p>;
  if (data.person !== null) return <Known person={data.person} />;
  return (
    <Button component="a" href={loginPath()} size="xs">
      {t('session.logIn')}
    </Button>
  );
}

function Known({ person }: { person: SessionPerson }) {
  const { t } = useTranslation();
  const { leave, choose } = useSessionActions(person.csrf);
  return (
    <Popover position="bottom-end" shadow="md" width={300} trapFocus>
      <Popover.Target>
        <UnstyledButton className="session-button" aria-label={t('session.menuOf', { name: person.name })}>
          <PersonIcon />
          <span className="session-name">{person.name}</span>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('session.menu')}>
        <Stack gap="sm">
          <div>
            <p className="session-who">{person.name}</p>
            <p className="session-roles">
              {person.roles.length === 0
                ? t('session.noRole')
                : person.roles.map((role) => t(`session.roles.${role}`)).join(', ')}
            </p>
          </div>
          <Choice
            label={t('session.institution')}
            value={person.institution}
            options={person.institutions.map((code) => ({ value: code, label: code }))}
            onChoose={(institution) => void choose({ institution })}
          />
          <Choice
            label={t('session.purpose')}
            value={person.purpose}
            options={person.purposes.map((purpose) => ({
              value: purpose,
              label: t(`session.purposes.${purpose}`),
            }))}
            onChoose={(purpose) => void choose({ purpose })}
          />
          <p className="session-strength">
            {person.strength === 'second-factor' ? t('session.twoFactors') : t('session.oneFactor')}
          </p>
          <Button component="a" href="/login/keys" variant="subtle">
            {t('session.keys')}
          </Button>
          <Button variant="default" onClick={() => void leave()}>
            {t('session.logOut')}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

type ChoiceProps = {
  label: string;
  value: string;
  options: { value: string; label: string }[];
  onChoose(value: string): void;
};

/** A choice where there is one; else what applies. */
function Choice({ label, value, options, onChoose }: ChoiceProps) {
  if (options.length === 0) return null;
  if (options.length > 1) {
    return (
      <NativeSelect
        label={label}
        value={value}
        data={options}
        onChange={(event) => onChoose(event.currentTarget.value)}
      />
    );
  }
  return (
    <dl className="session-fact">
      <dt>{label}</dt>
      <dd>{options[0]?.label}</dd>
    </dl>
  );
}
