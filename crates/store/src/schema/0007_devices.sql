-- An organisation's word for a doctor's keys, as it was signed away from here.
create table credential (
  bucket smallint not null,
  user_id uuid not null,
  body bytea not null,
  primary key (bucket, user_id)
);

-- What a person's devices remember (whom they know by which keys), sealed by them under the root key of an
-- epoch; `n` counts what was kept.
create table device_state (
  bucket smallint not null,
  user_id uuid not null,
  n bigint not null,
  epoch integer not null,
  sealed bytea not null,
  primary key (bucket, user_id)
);

-- Whether a password is known to be so short that it is not enough without a second factor.
alter table person add column short_password boolean not null default false;
