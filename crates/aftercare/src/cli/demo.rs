//! `aftercare demo`: made-up people, notes and two weeks of check-ins, through the same API that
//! everybody uses, each with a device of their own: the service never has a key or a word of theirs.

use super::{block_on, settings::Settings};
use crate::{
    app::App,
    client::{Client, NewAccount, Refused, Transport},
    clock::ServiceClock,
    engine, http,
    random::Random,
    start,
};
use aftercare_core::{clock::Clock, instant::Span};
use aftercare_store::service;
use anyhow::{Context, bail};
use jiff::tz::TimeZone;
use serde_json::json;
use std::{io::Write, sync::Arc};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    settings: Settings,
}

/// Everybody's, so that anybody can look around.
const PASSWORD: &str = "demo-password";
const DAYS: i64 = 14;
/// Who stops to answer after a few days, by place in [`PATIENTS`].
const SILENT: usize = 1;

struct Person {
    name: &'static str,
    email: &'static str,
    specialty: Option<&'static str>,
}

const DOCTORS: [Person; 2] = [
    Person { name: "Nora Berg", email: "nora.berg@demo.example", specialty: Some("General practice") },
    Person { name: "Samuel Adeyemi", email: "samuel.adeyemi@demo.example", specialty: Some("Cardiology") },
];
const PATIENTS: [Person; 3] = [
    Person { name: "Ada Winter", email: "ada.winter@demo.example", specialty: None },
    Person { name: "Ben Castell", email: "ben.castell@demo.example", specialty: None },
    Person { name: "Clara Sommer", email: "clara.sommer@demo.example", specialty: None },
];

/// On which day which doctor writes what for which patient.
const NOTES: [(i64, usize, usize, &str); 6] = [
    (
        0,
        0,
        0,
        "Otitis media. Amoxicillin 500 mg PO TID x 10d with food. Ibuprofen 400 mg q6h PRN pain. CBC in 1 wk, f/u 2 wks. Return if fever persists.",
    ),
    (
        0,
        0,
        1,
        "Hypertension. Start amlodipine 5 mg once daily for 30 days. Measure blood pressure every morning. Buy a blood pressure monitor.",
    ),
    (1, 0, 2, "Take paracetamol 1 g four times a day for 5 days. Keep the leg elevated."),
    (2, 1, 2, "Start ramipril 5 mg once daily. ECG in 2 weeks. Avoid salt."),
    (
        9,
        0,
        0,
        "The ear is healing. Take ibuprofen 200 mg every 6 hours for 10 days with food. Take vitamin D 1000 IU once daily for 30 days. Take paracetamol 500 mg every 6 hours as needed for pain. Walk 20 minutes every evening for 4 weeks. Hearing test in 3 weeks. Buy ear drops. Return if fever comes back.",
    ),
    (6, 0, 2, "Better. Take ibuprofen 400 mg twice daily for 7 days with food. Physiotherapy referral."),
];

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let config = args.settings.load()?;
    block_on(&config.clone(), async {
        let now = ServiceClock::default().now();
        let clock = ServiceClock::standing(now - Span::from_days(DAYS));
        let app = start::open(config, Random::from_system()?, clock).await?;
        if !app.clock_moves {
            bail!("demo people belong in profile dev");
        }
        let made =
            Demo { transport: Transport::here(http::service(app.clone())), app: app.clone(), zone: zone() }
                .make()
                .await?;
        app.store.close();
        sign_ins(made)
    })
}

fn sign_ins(made: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}; sign in with the password {PASSWORD}:",
        if made { "Demo people are there" } else { "Demo people were there already" }
    )?;
    for (role, people) in [("doctor", DOCTORS.as_slice()), ("patient", PATIENTS.as_slice())] {
        for person in people {
            writeln!(out, "  {role:<8} {:<16} {}", person.name, person.email)?;
        }
    }
    writeln!(out)?;
    Ok(())
}

/// Where this machine is: nobody who looks at the demonstration is on a journey.
fn zone() -> String {
    TimeZone::system().iana_name().unwrap_or("Europe/Berlin").to_owned()
}

struct Demo {
    app: App,
    zone: String,
    transport: Transport,
}

impl Demo {
    /// Makes everything; false where it was made before.
    async fn make(&self) -> anyhow::Result<bool> {
        let mut doctors = Vec::new();
        for person in &DOCTORS {
            match self.sign_up(person, "doctor").await? {
                Some(user) => doctors.push(user),
                None => return Ok(false),
            }
        }
        let mut patients = Vec::new();
        for person in &PATIENTS {
            patients.push(
                self.sign_up(person, "patient")
                    .await?
                    .context("a demo patient is there, its doctor was not")?,
            );
        }
        let clock = &*self.app.clock;
        for (patient, doctor) in [(0, 0), (1, 0), (2, 0), (2, 1)] {
            patients[patient].state(clock, doctors[doctor].id(), true).await?;
        }
        for day in 0..DAYS {
            for (_, doctor, patient, note) in NOTES.iter().filter(|(on, ..)| *on == day) {
                let (doctor, reader) = (&doctors[*doctor], &patients[*patient]);
                let words = doctor.read_here(clock, note);
                let sent = doctor.submit(clock, reader.id(), &words, "activate").await?;
                // Who answers nothing has not read it either.
                if *patient != SILENT {
                    let path = format!("/api/notes/{}/receipt/", sent.id);
                    reader.post(&path, &json!({ "status": "read" })).await?;
                }
            }
            for quarter in 0..4 {
                engine::leap(&self.app, Span::from_hours(6)).await?;
                for (patient, user) in (0_i64..).zip(&patients) {
                    answer(patient, user, day, quarter).await?;
                }
            }
        }
        // The days are over for everybody by now: the clock of the service is the real one.
        let mut tx = self.app.store.write().await?;
        service::set_moved(&mut tx, Span::ZERO).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn sign_up(&self, person: &Person, role: &str) -> anyhow::Result<Option<Client>> {
        let (app, transport) = (&self.app, &self.transport);
        let who = NewAccount {
            role,
            name: person.name,
            email: person.email,
            password: PASSWORD,
            time_zone: &self.zone,
            specialty: person.specialty,
        };
        match Client::sign_up(transport, &app.random, app.now(), app.kdf(), &who).await {
            Err(error) if error.downcast_ref::<Refused>().is_some_and(|r| r.code == "email_taken") => {
                Ok(None)
            }
            Err(error) => Err(error),
            Ok(_) => {
                let random = Arc::new(Random::from_system()?);
                Client::sign_in(transport, random, person.email, PASSWORD, json!({})).await.map(Some)
            }
        }
    }
}

/// Ada is careful, forgets now and then, and has something to answer still; Ben gives up after a week, Clara skips some.
async fn answer(patient: i64, user: &Client, day: i64, quarter: i64) -> anyhow::Result<()> {
    let forgets = match patient {
        0 => (day == 4 && quarter > 1) || day == 11 && quarter == 2 || (day, quarter) == (DAYS - 1, 3),
        1 => day > 7,
        _ => (day + quarter) % 7 == 0,
    };
    if forgets {
        return Ok(());
    }
    let due = user.get("/api/reminders/?status=due").await?;
    for reminder in due["items"].as_array().into_iter().flatten() {
        let skips = patient == 2 && day % 5 == 3;
        let status = if skips { "skipped" } else { "done" };
        user.post("/api/check-in/", &json!({ "reminder_id": reminder["id"], "status": status })).await?;
    }
    Ok(())
}
