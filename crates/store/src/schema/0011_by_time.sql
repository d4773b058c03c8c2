-- What is recorded grows at one end, however many steps there are: what falls due together lies together.

create table occurrence_by_time (
  bucket smallint not null,
  due_at bigint not null,
  step_id uuid not null,
  ordinal integer not null,
  patient_id uuid not null,
  closes_at bigint not null,
  status smallint not null,
  recorded_at bigint not null,
  primary key (bucket, due_at, step_id, ordinal)
);
insert into occurrence_by_time (bucket, due_at, step_id, ordinal, patient_id, closes_at, status, recorded_at)
  select bucket, due_at, step_id, ordinal, patient_id, closes_at, status, recorded_at from occurrence;
drop table occurrence;
alter table occurrence_by_time rename to occurrence;

-- Since when rows may be missing, where that is not the wake's own time: it was put off.
alter table due add column since bigint;
