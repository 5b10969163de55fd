-- Sessions of people and what proves who they are (decision record 0031). None of it is a fact of the journal: what is
-- lost of it is enrolled anew. Secrets stand here only as digests, or sealed with a key that lies outside.
create table session (
  id text collate "C" primary key,
  person text collate "C" not null,
  strength text collate "C" not null,
  purpose text collate "C" not null,
  institution text collate "C" not null,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  idle_until timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  id_token bytea
);
comment on column session.id is 'SHA-256 of the value of the cookie, hexadecimal';
comment on column session.institution is 'Chosen by the person, or empty: the one of its entry in the directory';
comment on column session.seen_at is 'Written at most once a minute';
comment on column session.id_token is 'Sealed; only of an external issuer, which wants it back at the end';
create index session_person on session (person) where revoked_at is null;
create index session_expiry on session (least(idle_until, expires_at));

create table login_credential (
  person text collate "C" primary key,
  password text collate "C" not null,
  totp_secret bytea,
  totp_step bigint not null default 0,
  changed_at timestamptz not null default now()
);
comment on column login_credential.password is 'argon2id with its parameters, in the string format of PHC';
comment on column login_credential.totp_secret is 'Sealed; null: no second factor';
comment on column login_credential.totp_step is 'Last time step whose code was used: no code counts twice';

create table login_recovery (
  person text collate "C" not null,
  code text collate "C" not null,
  used_at timestamptz,
  primary key (person, code)
);
comment on column login_recovery.code is 'SHA-256, hexadecimal';

create table login_enrolment (
  code text collate "C" primary key,
  person text collate "C" not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz
);
comment on column login_enrolment.code is 'SHA-256 of the code in the link, hexadecimal';
comment on column login_enrolment.person is 'Empty: the first administrator, who is not in the directory yet';

create table login_attempt (
  subject text collate "C" primary key,
  failures integer not null,
  failed_at timestamptz not null,
  locked_until timestamptz,
  told_at timestamptz,
  untold integer not null default 0
);
comment on table login_attempt is 'Failures in a row, for each login and each address';
comment on column login_attempt.subject is 'Keyed digest: what strangers type is not kept';
comment on column login_attempt.untold is 'Failures that the journal has not been told of';
create index login_attempt_failed on login_attempt (failed_at);

create table login_external (
  issuer text collate "C" not null,
  subject text collate "C" not null,
  person text collate "C" not null unique,
  grants jsonb not null default '[]',
  linked_at timestamptz not null default now(),
  primary key (issuer, subject)
);
comment on table login_external is 'Which person of the directory a subject of an external issuer is';
comment on column login_external.grants is 'Roles that its groups gave, and that they take away again';

create table oidc_client (
  id text collate "C" primary key,
  kind text collate "C" not null check (kind in ('system', 'native')),
  secret text collate "C",
  institution text collate "C" not null,
  system text collate "C" not null,
  redirect_uris text[] not null default '{}',
  created_at timestamptz not null default now(),
  removed_at timestamptz
);
comment on column oidc_client.secret is 'SHA-256 of a random secret, hexadecimal; null: a native app has none';
comment on column oidc_client.system is 'What the journal calls it: an AE title of the registry, or its own name';

create table oidc_payload (
  model text collate "C" not null,
  id text collate "C" not null,
  payload bytea not null,
  grant_id text collate "C",
  uid text collate "C",
  account text collate "C",
  expires_at timestamptz,
  consumed_at timestamptz,
  primary key (model, id)
);
comment on table oidc_payload is 'What the embedded issuer keeps: sessions, codes, grants, refresh tokens';
comment on column oidc_payload.payload is 'Sealed: a refresh token stands in it as it is shown';
comment on column oidc_payload.account is 'Person of the directory';
comment on column oidc_payload.id is 'SHA-256 of its name, hexadecimal: names are what their bearers show';
create index oidc_payload_grant on oidc_payload (grant_id) where grant_id is not null;
create index oidc_payload_uid on oidc_payload (uid) where uid is not null;
create index oidc_payload_account on oidc_payload (account) where account is not null;
create index oidc_payload_expiry on oidc_payload (expires_at);

grant select, insert, update, delete on session, login_credential, login_recovery, login_enrolment, login_attempt,
  login_external, oidc_client, oidc_payload to acervo_app;
