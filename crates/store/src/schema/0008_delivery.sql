-- Reminders that reach people.

-- How a person wants to be told, as JSON; null: as everybody is by default.
alter table person add column wishes text;
-- Why an occurrence was skipped, where it is a reason for the doctor to look: 1 a side effect.
alter table check_in add column cause smallint;

-- What is open for a person, due, unanswered, in force, and how often it was said. At most one a step: what
-- is here is what may be announced, and nothing else is.
create table open_reminder (
  bucket smallint not null,
  patient_id uuid not null,
  step_id uuid not null,
  ordinal integer not null,
  due_at bigint not null,
  closes_at bigint not null,
  once boolean not null,
  said smallint not null,
  said_at bigint,
  snoozed_until bigint,
  primary key (bucket, patient_id, step_id)
);
-- What is open already was announced by nobody, and is not announced late.
insert into open_reminder (bucket, patient_id, step_id, ordinal, due_at, closes_at, once, said, said_at)
  select bucket, patient_id, step_id, min(ordinal), min(due_at), min(closes_at), false, 4, min(due_at)
  from occurrence where status = 0 group by bucket, patient_id, step_id;
-- Tasks are announced at their due date from now on.
insert into due (bucket, wake_at, step_id, patient_id)
  select bucket, due_at, id, patient_id from step
  where kind = 0 and state = 0 and due_at is not null and superseded_at is null;

-- Where a person is reached; `target` is sealed.
create table channel (
  bucket smallint not null,
  user_id uuid not null,
  id uuid not null,
  kind smallint not null,
  state smallint not null,
  place smallint not null,
  name text not null,
  target bytea not null,
  -- Finds a channel by what only its owner was given (a calendar's link, a code); a keyed hash.
  secret_hash bytea,
  created_at bigint not null,
  handed_at bigint,
  reached_at bigint,
  failing_since bigint,
  fault text,
  primary key (bucket, user_id, id)
);
create unique index channel_of_secret on channel (bucket, user_id, secret_hash);

-- A message to one channel of a person. It says that something is due, never what. Ids are in the order of
-- time: what has had its time is a range.
create table delivery (
  bucket smallint not null,
  user_id uuid not null,
  id uuid not null,
  channel_id uuid not null,
  kind smallint not null,
  -- What it is about: the moment it was said, or a note.
  said_at bigint not null,
  due_at bigint not null,
  object_id uuid,
  count integer not null,
  repeated boolean not null,
  state smallint not null,
  attempts smallint not null,
  expires_at bigint not null,
  handed_at bigint,
  reached_at bigint,
  fault text,
  primary key (bucket, id)
);

-- What a sender claims: a delivery's next attempt. The instant is the lease: whoever takes a row puts it
-- back at the end of the lease, and whoever finds it elsewhere has lost it.
create table sending (
  bucket smallint not null,
  at bigint not null,
  delivery_id uuid not null,
  user_id uuid not null,
  primary key (bucket, at, delivery_id)
);

-- Since when somebody has been owed a message that nobody has seen arrive.
create table reach (
  bucket smallint not null,
  user_id uuid not null,
  owed_since bigint,
  reached_at bigint,
  primary key (bucket, user_id)
);

-- What happened, for whoever is signed in and listens: kinds and ids. Kept for a day.
create table event (
  bucket smallint not null,
  user_id uuid not null,
  id uuid not null,
  kind smallint not null,
  object_id uuid,
  at bigint not null,
  primary key (bucket, id)
);

-- One-tap answers that were given: each token is good once.
create table used_tap (
  bucket smallint not null,
  user_id uuid not null,
  tap bytea not null,
  expires_at bigint not null,
  primary key (bucket, user_id, tap)
);

-- What messages to browsers are signed with (RFC 8292); sealed.
create table push_key (
  id uuid not null,
  sealed bytea not null,
  primary key (id)
);
