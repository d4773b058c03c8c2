-- Passkeys (WebAuthn): what a credential signs with. `wrapped` is the root key under its PRF output,
-- sealed, and the epoch of that; null where it opens nothing.
create table passkey (
  bucket smallint not null,
  user_id uuid not null,
  id uuid not null,
  credential_id bytea not null,
  algorithm smallint not null,
  public_key bytea not null,
  signed bigint not null,
  synced boolean not null,
  name text not null,
  wrapped bytea,
  epoch integer,
  created_at bigint not null,
  used_at bigint,
  primary key (bucket, user_id, id)
);
create unique index passkey_credential on passkey (bucket, user_id, credential_id);
