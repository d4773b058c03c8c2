-- Why doctors should look at a patient.

-- What a doctor was told of a step: a set of reasons. When it changes they are told again.
alter table step add column attention smallint not null default 0;
-- Whether it was said that nobody has seen what is owed arrive.
alter table reach add column told boolean not null default false;
-- What the doctor's side is to learn: 0 that they were chosen or left, 1 that somebody on their list may need a look.
alter table outbox add column kind smallint not null default 0;
