//! The table: every route, what is asked of it, and what everybody there is gets.

use crate::{
    World,
    common::{PASSWORD, device::keys_of_nobody as keys, email},
    text,
};
use aftercare::random::Random;
use aftercare_seal::{Bytes, ark::Ark, bundle::Bundle, recovery::RecoveryKey};
use serde_json::{Value, json};

/// A route, what is asked of it by each, and what each is answered.
pub type Row = (&'static str, fn(&World, &str) -> (String, Value), [u16; 7]);

/// Public keys of nobody, signed as they must be.
fn a_new_devices_bundle() -> Bundle {
    Bundle::of(&Ark::from_bytes([1; 32]).keys(Bytes([0; 16])), 1)
}

fn path(text: impl Into<String>) -> (String, Value) {
    (text.into(), Value::Null)
}

fn for_ada(route: &str, world: &World) -> (String, Value) {
    path(format!("{route}?patient_id={}", world.id("Ada")))
}

const SIGNED_IN: [u16; 7] = [200, 200, 200, 200, 200, 401, 401];

/// Where people whose keys are on their devices are answered otherwise: words are not opened here, and what a key says
/// has to be signed with it.
pub const ON_DEVICES: [(&str, [u16; 7]); 10] = [
    ("delete /api/me/", [403, 403, 403, 403, 403, 401, 401]),
    ("delete /api/my-doctors/{doctor_id}/", [403, 403, 403, 403, 404, 401, 401]),
    ("post /api/me/email/", [403, 403, 403, 403, 403, 401, 401]),
    // Here it is the others who may not.
    ("post /api/me/keys/", [422, 422, 422, 422, 422, 401, 401]),
    ("post /api/me/password/", [403, 403, 403, 403, 403, 401, 401]),
    ("post /api/me/recovery-code/", [403, 403, 403, 403, 403, 401, 401]),
    ("post /api/notes/{id}/extract/", [403, 403, 404, 404, 403, 401, 401]),
    ("post /api/select-doctor/", [200, 403, 403, 403, 403, 401, 401]),
    ("post /api/submit-notes/", [403, 403, 403, 403, 403, 401, 401]),
    ("put /api/notes/{id}/steps/", [403, 403, 404, 404, 403, 401, 401]),
];

/// The whole table, in the order of the contract.
#[expect(clippy::too_many_lines, reason = "one row a route")]
pub fn table() -> Vec<Row> {
    vec![
        (
            "delete /api/me/",
            |_, _| ("/api/me/".into(), json!({ "current": { "password": PASSWORD } })),
            [204, 204, 204, 204, 204, 401, 401],
        ),
        (
            "delete /api/channels/{id}/",
            |w, _| path(format!("/api/channels/{}/", w.channel)),
            [204, 404, 404, 404, 404, 401, 401],
        ),
        (
            "delete /api/mfa/passkeys/{id}/",
            |w, _| path(format!("/api/mfa/passkeys/{}/", w.note)),
            [404, 404, 404, 404, 404, 401, 401],
        ),
        ("delete /api/mfa/totp/", |_, _| path("/api/mfa/totp/"), [404, 404, 404, 404, 404, 401, 401]),
        (
            "delete /api/my-doctors/{doctor_id}/",
            |w, _| path(format!("/api/my-doctors/{}/", w.id("Grace"))),
            [204, 403, 403, 403, 404, 401, 401],
        ),
        (
            "delete /api/notes/{id}/",
            |w, _| path(format!("/api/notes/{}/", w.draft)),
            [403, 204, 404, 404, 403, 401, 401],
        ),
        (
            "delete /api/sessions/{id}/",
            |w, _| path(format!("/api/sessions/{}/", w.session)),
            [204, 404, 404, 404, 404, 401, 401],
        ),
        ("get /.well-known/jwks.json", |_, _| path("/.well-known/jwks.json"), [200; 7]),
        (
            "get /api/actionable-steps/",
            |w, _| for_ada("/api/actionable-steps/", w),
            [200, 200, 404, 404, 404, 401, 401],
        ),
        ("get /api/adherence/", |w, _| for_ada("/api/adherence/", w), [200, 200, 404, 404, 404, 401, 401]),
        ("get /api/audit/", |_, _| path("/api/audit/"), SIGNED_IN),
        ("get /api/channels/", |_, _| path("/api/channels/"), SIGNED_IN),
        ("get /api/dev/mail/", |_, _| path("/api/dev/mail/"), [200; 7]),
        ("get /api/dev/clock/", |_, _| path("/api/dev/clock/"), [200; 7]),
        ("get /api/device-links/{id}/", |w, _| path(format!("/api/device-links/{}/", w.note)), [404; 7]),
        (
            "post /api/device-links/",
            |_, _| ("/api/device-links/".into(), json!({ "bundle": a_new_devices_bundle() })),
            [201; 7],
        ),
        (
            "post /api/device-links/{id}/answer/",
            |w, _| {
                let handed = json!({ "enc": "A".repeat(1494), "ct": "A".repeat(64) });
                (format!("/api/device-links/{}/answer/", w.note), json!({ "handed": handed }))
            },
            [404, 404, 404, 404, 404, 401, 401],
        ),
        (
            "get /api/doctor/patients/",
            |_, _| path("/api/doctor/patients/"),
            [403, 200, 200, 200, 403, 401, 401],
        ),
        ("get /api/doctors/", |_, _| path("/api/doctors/"), SIGNED_IN),
        ("get /api/emergency/", |_, _| path("/api/emergency/"), SIGNED_IN),
        // Whoever listens is answered at once; what is told is their own (tests/delivery.rs).
        ("get /api/events/", |_, _| path("/api/events/"), SIGNED_IN),
        ("get /api/extract/", |_, _| path("/api/extract/"), SIGNED_IN),
        ("get /api/keys/log/", |_, _| path("/api/keys/log/"), SIGNED_IN),
        (
            "get /api/keys/{user_id}/",
            |w, _| path(format!("/api/keys/{}/", w.id("Ada"))),
            [200, 200, 200, 404, 404, 401, 401],
        ),
        ("get /api/me/", |_, _| path("/api/me/"), SIGNED_IN),
        ("get /api/me/export/", |_, _| path("/api/me/export/"), SIGNED_IN),
        ("get /api/me/state/", |_, _| path("/api/me/state/"), SIGNED_IN),
        ("get /api/mfa/", |_, _| path("/api/mfa/"), SIGNED_IN),
        ("get /api/my-doctors/", |_, _| path("/api/my-doctors/"), [200, 403, 403, 403, 200, 401, 401]),
        ("get /api/notes/", |w, _| for_ada("/api/notes/", w), [200, 200, 200, 404, 404, 401, 401]),
        (
            "get /api/notes/{id}/",
            |w, _| path(format!("/api/notes/{}/", w.note)),
            [200, 200, 404, 404, 404, 401, 401],
        ),
        // What a doctor wrote before the patient left them stays theirs to read.
        (
            "get /api/notes/{id}/",
            |w, _| path(format!("/api/notes/{}/", w.old_note)),
            [200, 404, 200, 404, 404, 401, 401],
        ),
        (
            "get /api/notes/{id}/",
            |w, _| path(format!("/api/notes/{}/", w.draft)),
            [404, 200, 404, 404, 404, 401, 401],
        ),
        (
            "get /api/notes/{id}/envelope/",
            |w, _| path(format!("/api/notes/{}/envelope/", w.note)),
            [200, 200, 404, 404, 404, 401, 401],
        ),
        (
            "get /api/notes/{id}/steps/",
            |w, _| path(format!("/api/notes/{}/steps/", w.note)),
            [403, 200, 404, 404, 403, 401, 401],
        ),
        ("get /api/push-key/", |_, _| path("/api/push-key/"), [200; 7]),
        ("get /api/reminders/", |w, _| for_ada("/api/reminders/", w), [200, 200, 404, 404, 404, 401, 401]),
        ("get /api/sessions/", |_, _| path("/api/sessions/"), SIGNED_IN),
        ("get /api/tap/{link}/", |_, _| path(format!("/api/tap/{}/", "A".repeat(82))), [404; 7]),
        (
            "get /api/channels/{id}/log/",
            |w, _| path(format!("/api/channels/{}/log/", w.channel)),
            [200, 404, 404, 404, 404, 401, 401],
        ),
        (
            "post /api/channels/{id}/log/{message}/replay/",
            |w, _| path(format!("/api/channels/{}/log/{}/replay/", w.channel, w.note)),
            [404, 404, 404, 404, 404, 401, 401],
        ),
        (
            "get /api/travel-preview/",
            |_, _| path("/api/travel-preview/?time_zone=Asia/Tokyo"),
            [200, 403, 403, 403, 200, 401, 401],
        ),
        ("get /cal/{file}", |_, _| path(format!("/cal/{}.ics", "A".repeat(48))), [404; 7]),
        ("get /healthz", |_, _| path("/healthz"), [200; 7]),
        ("get /readyz", |_, _| path("/readyz"), [200; 7]),
        ("patch /api/me/", |_, who| ("/api/me/".into(), json!({ "name": who })), SIGNED_IN),
        (
            "patch /api/mfa/passkeys/{id}/",
            |w, _| (format!("/api/mfa/passkeys/{}/", w.note), json!({ "name": "x" })),
            [404, 404, 404, 404, 404, 401, 401],
        ),
        ("post /api/ack/", |_, _| ("/api/ack/".into(), json!({ "ack": "A".repeat(64) })), [404; 7]),
        (
            "post /api/auth/params/",
            |_, who| ("/api/auth/params/".into(), json!({ "email": email(who) })),
            [200; 7],
        ),
        (
            "post /api/channels/",
            |_, _| ("/api/channels/".into(), json!({ "kind": "webhook", "url": "https://hooks.example/x" })),
            [201, 201, 201, 201, 201, 401, 401],
        ),
        (
            "post /api/channels/{id}/confirm/",
            |w, _| (format!("/api/channels/{}/confirm/", w.channel), json!({ "code": "12345678" })),
            [422, 404, 404, 404, 404, 401, 401],
        ),
        (
            "post /api/channels/{id}/test/",
            |w, _| path(format!("/api/channels/{}/test/", w.channel)),
            [200, 404, 404, 404, 404, 401, 401],
        ),
        (
            "post /api/check-in/",
            |w, _| ("/api/check-in/".into(), json!({ "reminder_id": w.reminder, "status": "done" })),
            [200, 403, 403, 403, 404, 401, 401],
        ),
        ("post /api/dev/clock/", |_, _| ("/api/dev/clock/".into(), json!({ "advance": "1m" })), [200; 7]),
        // 409: the key is none of today, which is looked at after whose patient it is.
        (
            "post /api/extract/",
            |w, _| {
                (
                    "/api/extract/".into(),
                    json!({ "patient_id": w.id("Ada"), "note_id": w.note, "to": "A".repeat(43), "enc": "A".repeat(1494), "ct": "AAAA", "provider": "rules" }),
                )
            },
            [403, 409, 404, 404, 403, 401, 401],
        ),
        ("post /api/auth/passkey/", |_, _| path("/api/auth/passkey/"), [200; 7]),
        (
            "post /api/login/",
            |_, who| ("/api/login/".into(), json!({ "email": email(who), "password": PASSWORD })),
            [200, 200, 200, 200, 200, 401, 401],
        ),
        (
            "post /api/login/passkey/",
            |w, _| {
                let response = json!({ "clientDataJSON": "", "authenticatorData": "", "signature": "" });
                let credential = json!({ "id": w.note, "response": response });
                ("/api/login/passkey/".into(), json!({ "credential": credential }))
            },
            [401; 7],
        ),
        (
            "post /api/login/finish/",
            |w, _| ("/api/login/finish/".into(), json!({ "login_id": w.note, "sig": "A".repeat(86) })),
            [401; 7],
        ),
        ("post /api/logout/", |_, _| path("/api/logout/"), [204, 204, 204, 204, 204, 401, 401]),
        (
            "post /api/me/email/",
            |_, who| {
                (
                    "/api/me/email/".into(),
                    json!({ "current": { "password": PASSWORD }, "email": format!("{who}@other.example") }),
                )
            },
            [204, 204, 204, 204, 204, 401, 401],
        ),
        ("post /api/me/keys/", |_, _| ("/api/me/keys/".into(), keys()), [403, 403, 403, 403, 403, 401, 401]),
        (
            "post /api/me/password/",
            |_, _| {
                (
                    "/api/me/password/".into(),
                    json!({ "current": { "password": PASSWORD }, "password": "another horse battery" }),
                )
            },
            [204, 204, 204, 204, 204, 401, 401],
        ),
        (
            "post /api/me/recovery-code/",
            |_, _| ("/api/me/recovery-code/".into(), json!({ "current": { "password": PASSWORD } })),
            SIGNED_IN,
        ),
        ("post /api/mfa/passkeys/", |_, _| path("/api/mfa/passkeys/"), SIGNED_IN),
        (
            "post /api/mfa/passkeys/confirm/",
            |_, _| {
                let response = json!({ "clientDataJSON": "", "attestationObject": "" });
                let body = json!({ "name": "x", "credential": { "response": response } });
                ("/api/mfa/passkeys/confirm/".into(), body)
            },
            [422, 422, 422, 422, 422, 401, 401],
        ),
        ("post /api/mfa/totp/", |_, _| path("/api/mfa/totp/"), SIGNED_IN),
        (
            "post /api/mfa/totp/confirm/",
            |_, _| ("/api/mfa/totp/confirm/".into(), json!({ "code": "123456" })),
            [409, 409, 409, 409, 409, 401, 401],
        ),
        (
            "post /api/notes/{id}/activate/",
            |w, _| path(format!("/api/notes/{}/activate/", w.draft)),
            [403, 200, 404, 404, 403, 401, 401],
        ),
        (
            "post /api/notes/{id}/extract/",
            |w, _| path(format!("/api/notes/{}/extract/", w.draft)),
            [403, 200, 404, 404, 403, 401, 401],
        ),
        // 422: the signature is none, which is looked at after whose note it is.
        (
            "post /api/notes/{id}/grants/",
            |w, _| {
                (
                    format!("/api/notes/{}/grants/", w.note),
                    json!({ "stanza": w.envelope["recipients"][0], "by_kid": w.envelope["author_kid"], "sig": "A".repeat(86) }),
                )
            },
            [422, 422, 404, 404, 404, 401, 401],
        ),
        (
            "post /api/notes/{id}/receipt/",
            |w, _| (format!("/api/notes/{}/receipt/", w.note), json!({ "status": "read" })),
            [200, 403, 403, 403, 404, 401, 401],
        ),
        (
            "post /api/notes/{id}/undo/",
            |w, _| path(format!("/api/notes/{}/undo/", w.note)),
            [403, 409, 404, 404, 403, 401, 401],
        ),
        ("delete /api/operator/session/", |_, _| path("/api/operator/session/"), [401; 7]),
        ("get /api/operator/", |_, _| path("/api/operator/"), [401; 7]),
        (
            "post /api/operator/doctors/{id}/approve/",
            |w, _| path(format!("/api/operator/doctors/{}/approve/", w.id("Grace"))),
            [401; 7],
        ),
        (
            "post /api/operator/channel-test/",
            |_, _| {
                let to = json!({ "kind": "email", "address": "a@b.example" });
                ("/api/operator/channel-test/".into(), to)
            },
            [401; 7],
        ),
        ("post /api/operator/model-test/", |_, _| path("/api/operator/model-test/"), [401; 7]),
        (
            "post /api/operator/session/",
            |_, _| ("/api/operator/session/".into(), json!({ "token": "A".repeat(43) })),
            [401; 7],
        ),
        (
            "post /api/recovery/",
            |_, who| ("/api/recovery/".into(), json!({ "email": email(who), "auth": "A".repeat(43) })),
            [401; 7],
        ),
        (
            "post /api/recovery/finish/",
            |w, _| {
                (
                    "/api/recovery/finish/".into(),
                    json!({ "login_id": w.note, "sig": "A".repeat(86), "password": keys()["password"], "recovery": keys()["recovery"] }),
                )
            },
            [401; 7],
        ),
        (
            "post /api/recovery/reset/",
            |_, who| {
                let code = RecoveryKey::random(&mut Random::seeded(1).rng()).text();
                let mut sealed = keys();
                sealed.as_object_mut().unwrap().remove("succession");
                let body = json!({ "email": email(who), "code": *code, "sealed": sealed });
                ("/api/recovery/reset/".into(), body)
            },
            [401; 7],
        ),
        (
            "post /api/reminders/{id}/snooze/",
            |w, _| (format!("/api/reminders/{}/snooze/", text(&w.reminder)), json!({ "minutes": 15 })),
            [200, 403, 403, 403, 404, 401, 401],
        ),
        (
            "post /api/schedule-preview/",
            |_, _| {
                ("/api/schedule-preview/".into(), json!({ "timing": { "frequency": 1 }, "time_zone": "UTC" }))
            },
            SIGNED_IN,
        ),
        (
            "post /api/select-doctor/",
            |w, _| ("/api/select-doctor/".into(), json!({ "doctor_id": w.id("Grace") })),
            [200, 403, 403, 403, 201, 401, 401],
        ),
        (
            "post /api/signup/",
            |_, who| {
                (
                    "/api/signup/".into(),
                    json!({ "role": "patient", "name": who, "email": format!("{who}@new.example"), "password": PASSWORD }),
                )
            },
            [201; 7],
        ),
        (
            "post /api/steps/{id}/complete/",
            |w, _| (format!("/api/steps/{}/complete/", w.task), json!({ "status": "done" })),
            [200, 403, 403, 403, 404, 401, 401],
        ),
        // 409: it has reminders to be answered, which is looked at after whose step it is.
        (
            "post /api/steps/{id}/log/",
            |w, _| (format!("/api/steps/{}/log/", text(&w.step["id"])), json!({})),
            [409, 403, 403, 403, 404, 401, 401],
        ),
        (
            "post /api/steps/{id}/pause/",
            |w, _| (format!("/api/steps/{}/pause/", text(&w.step["id"])), json!({ "until": null })),
            [200, 403, 403, 403, 404, 401, 401],
        ),
        (
            "post /api/submit-notes/",
            |w, _| ("/api/submit-notes/".into(), json!({ "patient_id": w.id("Ada"), "note": "Rest." })),
            [403, 201, 404, 404, 403, 401, 401],
        ),
        (
            "post /api/token/refresh/",
            |_, _| ("/api/token/refresh/".into(), json!({ "refresh_token": "art1.x.y.z" })),
            [401; 7],
        ),
        ("post /api/tap/", |_, _| ("/api/tap/".into(), json!({ "tap": "A".repeat(82) })), [404; 7]),
        ("post /api/tap/{link}/", |_, _| path(format!("/api/tap/{}/", "A".repeat(82))), [404; 7]),
        (
            "post /api/unsubscribe/{link}/",
            |_, _| path(format!("/api/unsubscribe/{}/", "A".repeat(64))),
            [404; 7],
        ),
        (
            "put /api/me/state/",
            |_, _| ("/api/me/state/".into(), json!({ "n": 1, "epoch": 1, "sealed": "AAAA" })),
            SIGNED_IN,
        ),
        // 409: not the next of its chain, which is looked at after whose note it is.
        (
            "put /api/notes/{id}/envelope/",
            |w, _| (format!("/api/notes/{}/envelope/", w.draft), json!({ "envelope": w.envelope })),
            [403, 409, 404, 404, 403, 401, 401],
        ),
        (
            "put /api/notes/{id}/steps/",
            |w, _| {
                (
                    format!("/api/notes/{}/steps/", w.draft),
                    json!({ "steps": [{ "kind": "plan", "action": "Take Drug B", "category": "medication", "timing": w.step["timing"] }] }),
                )
            },
            [403, 200, 404, 404, 403, 401, 401],
        ),
    ]
}
