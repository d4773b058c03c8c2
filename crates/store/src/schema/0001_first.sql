-- Written in PostgreSQL's words; SQLite's strict tables are derived from it (schema.rs).
-- Rows that belong to a person carry the person's bucket first in every key; no foreign key and
-- no sequence exists, so that buckets can live on different servers. Instants are microseconds.

create table person (
  bucket smallint not null,
  id uuid not null,
  role smallint not null,
  state smallint not null,
  name text not null,
  email bytea not null,
  created_at bigint not null,
  auth_scheme smallint not null,
  salt bytea not null,
  kdf_m integer not null,
  kdf_t integer not null,
  kdf_p integer not null,
  verifier bytea not null,
  recovery_verifier bytea,
  stamp integer not null,
  primary key (bucket, id)
);

-- Finds an account by a keyed hash of its address; the bucket is the hash's own.
create table login (
  bucket smallint not null,
  email_index bytea not null,
  user_id uuid not null,
  primary key (bucket, email_index)
);

create table directory (
  bucket smallint not null,
  doctor_id uuid not null,
  name text not null,
  search text not null,
  specialty text,
  bio text,
  primary key (bucket, doctor_id)
);

create table wrapped_key (
  bucket smallint not null,
  user_id uuid not null,
  slot smallint not null,
  epoch integer not null,
  blob bytea not null,
  primary key (bucket, user_id, slot)
);

create table bundle (
  bucket smallint not null,
  user_id uuid not null,
  epoch integer not null,
  enc_pk bytea not null,
  sign_pk bytea not null,
  sig bytea not null,
  primary key (bucket, user_id, epoch)
);

create table session (
  bucket smallint not null,
  id uuid not null,
  user_id uuid not null,
  created_at bigint not null,
  expires_at bigint not null,
  auth_at bigint not null,
  stamp integer not null,
  wrapped bytea not null,
  refresh_hash bytea not null,
  previous_hash bytea,
  rotated_at bigint not null,
  device text not null,
  primary key (bucket, id)
);
create index session_of_user on session (bucket, user_id);

-- A patient's choice of a doctor, with the chain of the doctor's notes for this patient.
create table care (
  bucket smallint not null,
  patient_id uuid not null,
  doctor_id uuid not null,
  id uuid not null,
  since bigint not null,
  until bigint,
  statement_n bigint not null,
  statement_at bigint not null,
  statement_sig bytea not null,
  last_seq bigint not null,
  last_transcript bytea not null,
  -- Notes take a ticket when they arrive: of two in flight the later one wins, whichever is read first.
  last_ticket bigint not null,
  live_ticket bigint not null,
  last_note_at bigint,
  failed_ticket bigint not null,
  primary key (bucket, patient_id, doctor_id)
);

-- The same seen from the doctor: the bucket is the doctor's. Filled through the outbox.
create table caseload (
  bucket smallint not null,
  doctor_id uuid not null,
  patient_id uuid not null,
  since bigint not null,
  until bigint,
  primary key (bucket, doctor_id, patient_id)
);

create table outbox (
  bucket smallint not null,
  id uuid not null,
  patient_id uuid not null,
  doctor_id uuid not null,
  primary key (bucket, id)
);

create table note (
  bucket smallint not null,
  id uuid not null,
  patient_id uuid not null,
  doctor_id uuid not null,
  state smallint not null,
  ticket bigint not null,
  created_at bigint not null,
  provider text not null,
  model text not null,
  fallback boolean not null,
  superseded_at bigint,
  superseded_by uuid,
  primary key (bucket, id)
);
create index note_of_patient on note (bucket, patient_id, doctor_id);
-- Never two live plans for one care.
create unique index note_live on note (bucket, patient_id, doctor_id) where state = 1;

-- The sealed forms of a note as signed, never changed; reading a note again adds one. A doctor's
-- envelopes for a patient form one chain.
create table envelope (
  bucket smallint not null,
  note_id uuid not null,
  seq bigint not null,
  patient_id uuid not null,
  doctor_id uuid not null,
  body bytea not null,
  primary key (bucket, note_id, seq)
);
create unique index envelope_chain on envelope (bucket, patient_id, doctor_id, seq);

create table step (
  bucket smallint not null,
  id uuid not null,
  note_id uuid not null,
  patient_id uuid not null,
  doctor_id uuid not null,
  position smallint not null,
  kind smallint not null,
  state smallint not null,
  timing text,
  policy smallint not null,
  activated_at bigint not null,
  due_at bigint,
  answered_at bigint,
  superseded_at bigint,
  superseded_by uuid,
  primary key (bucket, id)
);
create index step_patient on step (bucket, patient_id, note_id);

-- A person's zone and times of day as they hold from an instant on; the past keeps its own.
create table regime (
  bucket smallint not null,
  person_id uuid not null,
  from_at bigint not null,
  time_zone text not null,
  anchors text not null,
  primary key (bucket, person_id, from_at)
);

-- What the engine claims: narrow, in order of time, with no other index.
create table due (
  bucket smallint not null,
  wake_at bigint not null,
  step_id uuid not null,
  patient_id uuid not null,
  primary key (bucket, wake_at, step_id)
);

create table check_in (
  bucket smallint not null,
  step_id uuid not null,
  id uuid not null,
  patient_id uuid not null,
  ordinal integer not null,
  status smallint not null,
  at bigint not null,
  recorded_at bigint not null,
  reason bytea,
  primary key (bucket, step_id, id)
);

create table occurrence (
  bucket smallint not null,
  step_id uuid not null,
  ordinal integer not null,
  patient_id uuid not null,
  due_at bigint not null,
  closes_at bigint not null,
  status smallint not null,
  recorded_at bigint not null,
  primary key (bucket, step_id, ordinal)
);

create table idempotency (
  bucket smallint not null,
  scope bytea not null,
  request bytea not null,
  status smallint not null,
  answer bytea not null,
  created_at bigint not null,
  claimed_at bigint not null,
  primary key (bucket, scope)
);

create table outage (
  from_at bigint not null,
  to_at bigint not null,
  primary key (from_at)
);

-- When a worker was last alive, and how far the test clock has been moved (profile dev).
create table heartbeat (
  id smallint not null,
  at bigint not null,
  moved bigint not null,
  primary key (id)
);

create table signing_key (
  kid text not null,
  created_at bigint not null,
  sealed bytea not null,
  row_id uuid not null,
  primary key (kid)
);
