-- A plan is found among all steps that a patient ever had: those without an end, and those that ended since.
create index step_in_force on step (bucket, patient_id, (coalesce(superseded_at, 9223372036854775807)));
-- A note's steps by the note alone: of two indexes that begin alike the planner takes either.
create index step_of_note on step (bucket, note_id);
drop index step_patient;
