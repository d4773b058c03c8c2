-- Notes that were in force before 0002 and replaced since; what came when a newer one was in force
-- already stays without: its steps ended as they began.
update note set activated_at = created_at where state = 2 and activated_at is null and exists (
  select 1 from step where step.bucket = note.bucket and step.patient_id = note.patient_id
    and step.note_id = note.id and step.activated_at < note.superseded_at);
