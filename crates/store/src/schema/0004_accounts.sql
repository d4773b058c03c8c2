-- Accounts, keys and access.

-- How a session was opened: 0 assisted, 1 sealed (then `wrapped` is empty); how long it may rest; by
-- what its owner has shown who they are (RFC 8176, with a space between).
alter table session add column mode smallint not null default 0;
alter table session add column idle bigint not null default 1800000000;
alter table session add column amr text not null default 'pwd';

-- Signed by the key of the epoch before; null for the first, and where keys were reset.
alter table bundle add column succession bytea;
alter table bundle add column created_at bigint not null default 0;

-- Whether the server may hold this person's keys while they are signed in; null: as the deployment
-- has it.
alter table person add column assisted boolean;

-- The keys a patient's statement names; null: the first of both.
alter table care add column statement_patient_kid bytea;
alter table care add column statement_doctor_kid bytea;

-- What the server knows of a note's steps without a word of them: ids, kinds, schedules.
alter table envelope add column outline text;

-- An attempt to sign in or to recover that waits for the account's signature. The bucket is the id's.
create table login_attempt (
  bucket smallint not null,
  id uuid not null,
  user_id uuid not null,
  purpose smallint not null,
  nonce bytea not null,
  amr text not null,
  expires_at bigint not null,
  primary key (bucket, id)
);

-- A note opened to one more key by one of its readers.
create table note_grant (
  bucket smallint not null,
  note_id uuid not null,
  recipient_id uuid not null,
  recipient_kid bytea not null,
  patient_id uuid not null,
  by_id uuid not null,
  body bytea not null,
  created_at bigint not null,
  primary key (bucket, note_id, recipient_id, recipient_kid)
);
create index note_grant_of_reader on note_grant (bucket, patient_id, recipient_id);

-- Every key there ever was, in one chain. Names nobody.
create table key_log (
  n bigint not null,
  user_hash bytea not null,
  kid bytea not null,
  epoch integer not null,
  at bigint not null,
  head bytea not null,
  primary key (n)
);

-- What happened to a person's account and data, one chain a person.
create table audit (
  bucket smallint not null,
  subject_id uuid not null,
  seq bigint not null,
  at bigint not null,
  actor_id uuid,
  action smallint not null,
  object_id uuid,
  detail text not null,
  hash bytea not null,
  primary key (bucket, subject_id, seq)
);
create table audit_head (
  bucket smallint not null,
  subject_id uuid not null,
  seq bigint not null,
  hash bytea not null,
  mac bytea not null,
  primary key (bucket, subject_id)
);

-- How often something was tried; what, only as a keyed hash. The bucket is the hash's.
create table throttle (
  bucket smallint not null,
  scope bytea not null,
  count bigint not null,
  since bigint not null,
  primary key (bucket, scope)
);

-- One-time codes (RFC 6238): the sealed seed, and the last step a code was taken for.
create table totp (
  bucket smallint not null,
  user_id uuid not null,
  secret bytea not null,
  confirmed_at bigint,
  last_step bigint not null,
  primary key (bucket, user_id)
);

-- What texts are sealed to that are to be read once and stored nowhere; each for a day, and then gone.
create table extractor_key (
  id uuid not null,
  created_at bigint not null,
  sealed bytea not null,
  primary key (id)
);

-- The secret that what is looked up or compared by value is under; sealed.
create table service_secret (
  id smallint not null,
  sealed bytea not null,
  primary key (id)
);

-- Whether patients find a doctor: not before the operator has approved them, where that is asked for.
alter table directory add column listed boolean not null default true;
