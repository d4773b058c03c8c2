-- Whether what was written has arrived; who is found by searching; the operator's pages; a new device.

-- When the patient's device had a note, and when they said that they had read it.
alter table note add column received_at bigint;
alter table note add column read_at bigint;
-- When the newest note of this doctor was read: for their list, without a look at the notes.
alter table care add column note_read_at bigint;
-- Whether patients find a doctor by searching; with their link they do anyway.
alter table directory add column searchable boolean not null default true;
-- Where patients reach them.
alter table directory add column phone text;

-- What opens the operator's pages, by its keyed hash: a link that is good once, or a session that came of one.
create table operator_pass (
  digest bytea not null,
  is_link boolean not null,
  expires_at bigint not null,
  primary key (digest)
);

-- A new device that waits for one of its owner's to hand it the root key: its public keys, and then the key sealed to
-- them with what the account is to sign. For five minutes.
create table device_link (
  bucket smallint not null,
  id uuid not null,
  bundle text not null,
  answer text,
  expires_at bigint not null,
  primary key (bucket, id)
);
