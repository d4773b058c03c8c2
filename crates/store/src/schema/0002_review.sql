-- Review: a note may wait for its doctor before it becomes the plan; what it replaced can be put
-- back for a moment after.

-- When it was put into force; null for drafts, and for notes from before this migration.
alter table note add column activated_at bigint;
update note set activated_at = created_at where state = 1;
-- Whether this doctor's notes wait for review unless they say otherwise; null: as the deployment has it.
alter table person add column note_mode smallint;
-- The note for whose readers a reason was sealed; null: the note the step came out of.
alter table check_in add column note_id uuid;

-- A step that goes on under a newer note, as it stood before.
create table carried (
  bucket smallint not null,
  note_id uuid not null,
  step_id uuid not null,
  patient_id uuid not null,
  from_note_id uuid not null,
  position smallint not null,
  timing text,
  policy smallint not null,
  primary key (bucket, note_id, step_id)
);

-- A note that was sent to a model: to which, and what was masked in it (names of classes; null: nothing
-- was looked for). Written before it is sent.
create table disclosure (
  bucket smallint not null,
  id uuid not null,
  note_id uuid not null,
  patient_id uuid not null,
  doctor_id uuid not null,
  provider text not null,
  model text not null,
  masked text,
  created_at bigint not null,
  primary key (bucket, id)
);
create index disclosure_note on disclosure (bucket, note_id);
