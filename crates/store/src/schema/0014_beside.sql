-- The oldest program, by the schema that it knows, that goes on beside this one.
alter table migration add column least bigint not null default 14;
