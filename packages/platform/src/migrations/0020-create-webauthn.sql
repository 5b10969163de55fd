-- Keys of people by Web Authentication (decision record 0040). Public keys are no secrets; whose they are is guarded like
-- the rest of the login. Like passwords they are no facts of the journal: what happened to them is.
create table webauthn_credential (
  id text collate "C" primary key,
  person text collate "C" not null,
  name text not null,
  public_key bytea not null,
  counter bigint not null,
  transports text[] not null default '{}',
  is_synced boolean not null,
  created_at timestamptz not null default now(),
  used_at timestamptz,
  suspended_at timestamptz
);
comment on column webauthn_credential.id is 'Credential ID, base64url: of one authenticator and one person';
comment on column webauthn_credential.name is 'As its person calls it';
comment on column webauthn_credential.public_key is 'COSE_Key';
comment on column webauthn_credential.counter is 'Signature counter as it was last seen; 0: the authenticator has none';
comment on column webauthn_credential.is_synced is 'Backup eligible: a passkey that several devices of one person share';
comment on column webauthn_credential.suspended_at is 'Its counter went back: there may be a copy of it';
create index webauthn_credential_person on webauthn_credential (person);

create table webauthn_challenge (
  challenge text collate "C" primary key,
  bound text collate "C" not null,
  expires_at timestamptz not null
);
comment on table webauthn_challenge is 'Deleted by the answer to it: none counts twice';
comment on column webauthn_challenge.challenge is 'SHA-256, hexadecimal';
comment on column webauthn_challenge.bound is 'What it was asked for: one login, one link, one session';
create index webauthn_challenge_expiry on webauthn_challenge (expires_at);

-- A step that asks for a second factor within minutes needs to know which there was, and when.
alter table session add column methods text[] not null default '{}';
alter table session add column authenticated_at timestamptz;
comment on column session.methods is 'amr (RFC 8176)';
comment on column session.authenticated_at is 'When the issuer saw them; null: it does not say';

grant select, insert, update, delete on webauthn_credential, webauthn_challenge to acervo_app;
