//! A disk that fails under the embedded database: calls to the kernel are answered with its errors (`strace`), at a
//! moment that is counted. What was acknowledged stays, and what was not is whole or not there.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    process::{Server, free_port},
    there::Client,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Fails calls of a process for as long as it lives.
struct Failing(Child);

impl Failing {
    /// `inject` as `strace` has it: `fdatasync,fsync:error=EIO:when=2`.
    fn calls(of: &Server, inject: &str) -> Self {
        let calls = inject.split(':').next().unwrap();
        let pid = of.0.id().to_string();
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-p", &pid, "-e", &format!("trace={calls}")]);
        command.args(["-e", &format!("inject={inject}")]).stderr(Stdio::null());
        let tracer = Self(command.spawn().unwrap());
        let is_traced = || {
            let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
            let status = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("status"));
            let of = |thread| status(thread).is_ok_and(|status| status.contains("TracerPid:\t0\n"));
            !threads.flatten().any(of)
        };
        while !is_traced() {
            std::thread::sleep(Duration::from_millis(5));
        }
        tracer
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        // Asked, it lets go of what it has traced.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

struct Story {
    doctor: Client,
    patient: Client,
    patient_id: String,
    /// The notes that were acknowledged, by id.
    notes: BTreeMap<String, String>,
    n: u32,
}

impl Story {
    async fn begin(port: u16) -> Self {
        let anon = Client::at(port);
        let (doctor, doctor_id) = anon.sign_up("grace", "doctor").await;
        let (patient, patient_id) = anon.sign_up("ada", "patient").await;
        patient.ok("/api/select-doctor/", Some(&json!({ "doctor_id": doctor_id }))).await;
        Self { doctor, patient, patient_id, notes: BTreeMap::new(), n: 0 }
    }

    /// One more note; how it was answered, where it was.
    async fn goes_on(&mut self) -> Option<(u16, Value)> {
        self.n += 1;
        let note = format!("Take Drug K{} twice daily for 5 days. Buy Drug K{}.", self.n, self.n);
        let body = json!({ "patient_id": self.patient_id, "note": note });
        let (status, json) = self.doctor.send("/api/submit-notes/", Some(&body)).await?;
        if status == 201 {
            self.notes.insert(json["note"]["id"].as_str().unwrap().to_owned(), note);
        }
        Some((status, json))
    }

    /// The same, asked of another process.
    fn asked_at(&self, port: u16) -> Self {
        let (doctor, patient) = (self.doctor.elsewhere(port), self.patient.elsewhere(port));
        Self { doctor, patient, patient_id: self.patient_id.clone(), notes: self.notes.clone(), n: self.n }
    }

    /// What was acknowledged is there, and the plan is the whole of one note.
    async fn holds(&self) {
        for (id, text) in &self.notes {
            assert_eq!(
                self.doctor.ok(&format!("/api/notes/{id}/"), None).await["text"],
                *text,
                "a note is lost"
            );
        }
        let steps = self.patient.ok("/api/actionable-steps/", None).await;
        let of = |list: &str| {
            let steps = steps[list].as_array().unwrap().iter();
            steps.map(|step| step["note_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let (plan, checklist) = (of("plan"), of("checklist"));
        assert_eq!(plan, checklist, "half a plan");
        assert!(plan.len() <= 1, "two plans");
        // What was not acknowledged may have been kept all the same.
        assert!(!plan.is_empty() || self.notes.is_empty(), "no plan");
    }
}

fn serve(folder: &Path, port: u16) -> Server {
    // Whoever takes over is the same issuer.
    let settings = [
        ("AFTERCARE_LOG", "off"),
        ("AFTERCARE_ISSUER", "http://a.example"),
        ("AFTERCARE_LIMITS__REQUESTS_PER_MINUTE", "1000000"),
    ];
    Server::start(folder, port, "", &settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_disk_does_not_take_a_commit_the_process_ends() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let mut server = serve(folder.path(), port);
    let mut story = Story::begin(port).await;
    for nth in [1, 2, 5, 12] {
        let failing = Failing::calls(&server, &format!("fdatasync,fsync:error=EIO:when={nth}+"));
        let mut answered = 0;
        while let Some((status, json)) = story.goes_on().await {
            assert_eq!(status, 201, "{json}");
            answered += 1;
            // Each thread's calls are counted apart, and any of several commits.
            assert!(answered < 50 * nth, "{answered} notes were acknowledged");
        }
        let ended = server.0.wait().unwrap();
        assert_eq!(ended.code(), Some(74), "{ended}");
        drop(failing);
        server = serve(folder.path(), port);
        story.holds().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_is_half_written() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let server = serve(folder.path(), port);
    let mut story = Story::begin(port).await;
    story.goes_on().await.unwrap();
    let mut refused = 0;
    {
        let _full = Failing::calls(&server, "pwrite64:error=ENOSPC:when=5+");
        for _ in 0..8 {
            let (status, json) = story.goes_on().await.unwrap();
            if status != 201 {
                assert_eq!((status, &json["code"]), (503, &json!("unavailable")), "{json}");
                refused += 1;
            }
        }
    }
    assert!(refused > 4, "{refused} were refused");
    // There is room again.
    assert_eq!(story.goes_on().await.unwrap().0, 201);
    story.holds().await;
    drop(server);
    let _server = serve(folder.path(), port);
    story.holds().await;
}

/// A file system in a file, mounted.
struct Disk {
    image: PathBuf,
    at: PathBuf,
}

impl Disk {
    fn run(program: &str, args: &[&Path]) {
        let done = Command::new(program).args(args).output().unwrap();
        assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn mounted(image: PathBuf) -> Self {
        let at = image.with_extension("mounted");
        std::fs::create_dir_all(&at).unwrap();
        Self::run("mount", &[Path::new("-o"), Path::new("loop"), &image, &at]);
        Self { image, at }
    }

    fn new(image: PathBuf) -> Self {
        std::fs::File::create(&image).unwrap().set_len(96 << 20).unwrap();
        Self::run("mkfs.ext4", &[Path::new("-q"), Path::new("-F"), &image]);
        Self::mounted(image)
    }

    /// What is on the disk at this moment, as if the power were cut: what only memory holds is not. Of one moment it is
    /// where nothing was written while it was copied.
    fn cut(&self, n: u32) -> Self {
        let image = self.image.with_file_name(format!("cut-{n}"));
        loop {
            let seen = std::fs::read(&self.image).unwrap();
            if seen == std::fs::read(&self.image).unwrap() {
                std::fs::write(&image, seen).unwrap();
                return Self::mounted(image);
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.at).status();
        let _ = std::fs::remove_file(&self.image);
    }
}

/// `CUTS` sets how often (10).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "mounts file systems, as root alone can: make drill-power-cut"]
async fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let cuts: u32 = std::env::var("CUTS").map_or(10, |n| n.parse().unwrap());
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let disk = Disk::new(folder.path().join("disk"));
    let server = serve(&disk.at, port);
    let mut story = Story::begin(port).await;
    let signal = |name: &str| {
        let sent = Command::new("kill").args([name, &server.0.id().to_string()]).status().unwrap();
        assert!(sent.success());
    };
    let mut rng = StdRng::seed_from_u64(8);
    for n in 0..cuts {
        // Notes without a pause; the cut comes in the middle of one of them.
        let moment = tokio::time::sleep(Duration::from_millis(rng.random_range(50..1_000)));
        tokio::pin!(moment);
        loop {
            tokio::select! {
                () = &mut moment => break,
                answered = story.goes_on() => assert_eq!(answered.unwrap().0, 201),
            }
        }
        signal("-STOP");
        let after = disk.cut(n);
        let port = free_port();
        let restarted = serve(&after.at, port);
        story.asked_at(port).holds().await;
        drop(restarted);
        signal("-CONT");
    }
    println!("{cuts} power cuts, {} notes acknowledged, none lost", story.notes.len());
}
