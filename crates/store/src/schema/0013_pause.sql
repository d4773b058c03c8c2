-- Until when the patient does not want to be reminded of a step.
alter table step add column paused_until bigint;
