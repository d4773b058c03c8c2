-- Leave to make new keys for an account whose password and recovery code are both lost: what the one-time
-- code is compared with, and until when it is good.
create table key_reset (
  bucket smallint not null,
  user_id uuid not null,
  verifier bytea not null,
  expires_at bigint not null,
  primary key (bucket, user_id)
);
