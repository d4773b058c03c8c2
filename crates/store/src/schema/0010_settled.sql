-- A look at a course costs the same however long it has run.

-- What of a step's course can change no more (JSON), so that only what came later is replayed.
alter table step add column settled text;
-- The answers to what is not settled.
create index check_in_ordinal on check_in (bucket, step_id, ordinal);
