-- A look at a course costs the same however long it has run.

-- What of a step's course is over (JSON), so that only what came later is replayed, and how many occurrences that is.
alter table step add column settled text;
alter table step add column settled_count integer not null default 0;
-- The answers to what is not settled.
create index check_in_ordinal on check_in (bucket, step_id, ordinal);
