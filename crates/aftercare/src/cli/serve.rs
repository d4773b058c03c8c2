//! `aftercare serve` and `aftercare work`.

use super::{block_on, listen, settings::Settings};
use crate::{
    app::App,
    clock::ServiceClock,
    config::{Config, Profile},
    delivery::sender,
    engine, http, operator,
    provider::Provider,
    random::Random,
    start,
};
use aftercare_store::account;
use anyhow::Context;
use std::{io::Write, net::TcpListener, time::Duration};
use tokio::sync::watch;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    settings: Settings,
    /// The API only; a worker runs elsewhere.
    #[arg(long)]
    no_worker: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct WorkArgs {
    #[command(flatten)]
    settings: Settings,
}

pub(super) fn serve(args: &Args) -> anyhow::Result<()> {
    let config = args.settings.load()?;
    block_on(&config.clone(), run(config, !args.no_worker))
}

pub(super) fn work(args: &WorkArgs) -> anyhow::Result<()> {
    let config = args.settings.load()?;
    block_on(&config.clone(), async {
        let app = start::open(config, Random::from_system()?, ServiceClock::default()).await?;
        tracing::info!(database = app.store.engine_name(), "working");
        let (stop, _keep) = signals()?;
        let _keys = keep_keys_fresh(app.clone());
        let _metrics = metrics(&app)?;
        tokio::join!(
            stopped(&app, stop.clone()),
            engine::run(app.clone(), done(stop.clone())),
            sender::run(app.clone(), done(stop)),
        );
        finish(&app);
        Ok(())
    })
}

pub(super) async fn run(config: Config, worker: bool) -> anyhow::Result<()> {
    let worker = worker && config.worker;
    let cannot = || {
        format!("cannot listen on {}; another port: aftercare serve --listen 127.0.0.1:8081", config.listen)
    };
    let listener = TcpListener::bind(config.listen).with_context(cannot)?;
    listener.set_nonblocking(true)?;
    let tls = listen::tls(&config.tls).await?;
    let app = start::open(config, Random::from_system()?, ServiceClock::default()).await?;
    if worker {
        // The first answer of /readyz is already the truth; what fell due meanwhile is worked off beside the answers.
        engine::beat(&app, app.now()).await?;
    }
    let (stop, _keep) = signals()?;
    let _keys = keep_keys_fresh(app.clone());
    let _metrics = metrics(&app)?;
    let engine = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move {
            if worker {
                tokio::join!(engine::run(app.clone(), done(stop.clone())), sender::run(app, done(stop)));
            } else {
                done(stop).await;
            }
        }
    });
    // Nobody may be reading; the service is there all the same.
    let _ = block(&app, worker, set_up(&app).await?);
    let drained = {
        let app = app.clone();
        async move {
            stopped(&app, stop).await;
            tokio::time::sleep(Duration::from_secs(app.config.drain_seconds.into())).await;
        }
    };
    let serving = listen::serve(listener, tls, http::service(app.clone()), drained);
    tokio::pin!(serving, engine);
    // Without its engine a service that still answers would remind nobody: it ends instead.
    tokio::select! {
        ended = &mut engine => ended.context("the engine broke off")?,
        served = &mut serving => { served?; engine.await?; finish(&app); return Ok(()); }
    }
    serving.await?;
    finish(&app);
    Ok(())
}

/// So often the master keys are looked at again: a new one may have been put into use.
const KEYS: Duration = Duration::from_mins(1);

fn keep_keys_fresh(app: App) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(KEYS).await;
            app.master.refresh();
            // A worker elsewhere does this too; whoever signs must not depend on it.
            let now = app.clock.wall();
            if let Err(error) = app.tokens.rotate(&app.store, &app.master, &app.random, now).await {
                tracing::warn!(%error, "the keys that sign tokens could not be looked at; it is tried again in a minute");
            }
        }
    })
}

/// Tells metrics on a port of their own, where one is set, for as long as the process runs.
fn metrics(app: &App) -> anyhow::Result<Option<tokio::task::JoinHandle<()>>> {
    let Some(address) = app.config.metrics_address()? else { return Ok(None) };
    let listener = TcpListener::bind(address).with_context(|| format!("cannot tell metrics on {address}"))?;
    listener.set_nonblocking(true)?;
    let service = crate::metrics::service(app.clone());
    Ok(Some(tokio::spawn(async move {
        if let Err(error) = listen::serve(listener, None, service, std::future::pending()).await {
            tracing::error!(%error, "metrics are told no more");
        }
    })))
}

fn finish(app: &App) {
    app.store.close();
    tracing::info!("stopped");
}

/// True once the process is asked to end (SIGTERM, SIGINT). A second signal ends it at once.
fn signals() -> anyhow::Result<(watch::Receiver<bool>, tokio::task::JoinHandle<()>)> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (send, receive) = watch::channel(false);
    let task = tokio::spawn(async move {
        for round in 0..2 {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
            if round == 1 || send.send(true).is_err() {
                std::process::exit(130);
            }
        }
    });
    Ok((receive, task))
}

/// Says so to all parts of the service.
async fn stopped(app: &App, stop: watch::Receiver<bool>) {
    done(stop).await;
    tracing::info!("asked to end; a second signal ends at once");
    app.stop();
}

async fn done(mut stop: watch::Receiver<bool>) {
    // An error means that nobody is left to ask: stop too.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// A link to the operator's pages: while nobody has an account, and whenever somebody tries it out.
async fn set_up(app: &App) -> anyhow::Result<Option<String>> {
    let anybody = account::anybody(&mut app.store.peek().await?).await?;
    Ok(if anybody && app.config.profile != Profile::Dev { None } else { Some(operator::link(app).await?) })
}

/// What a person needs to go on, in one block.
fn block(app: &App, worker: bool, set_up: Option<String>) -> std::io::Result<()> {
    let config = &app.config;
    let base = config.base_url();
    let database = if config.database_url.is_set() {
        app.store.engine_name().to_owned()
    } else {
        format!(
            "{} in {}, master key in {}",
            app.store.engine_name(),
            config.data.display(),
            config.key_file().display()
        )
    };
    let provider = app.reader.provider();
    let masked = if app.reader.deidentifies() { ", names and numbers masked" } else { "" };
    let notes = format!("{}{masked}", provider.meaning());
    let mut out = std::io::stdout().lock();
    writeln!(out, "Aftercare {} is ready.\n", env!("CARGO_PKG_VERSION"))?;
    for (name, value) in [
        ("Web app", format!("{}/", config.pages())),
        ("API docs", format!("{base}/api/docs")),
        ("OpenAPI", format!("{base}/api/openapi.json")),
        ("Health", format!("{base}/readyz")),
        ("Profile", config.profile.to_string()),
        ("Database", database),
        ("Worker", if worker { "in this process" } else { "elsewhere: aftercare work" }.to_owned()),
        ("Extractor", app.reader.describe()),
        ("Notes", notes),
    ] {
        writeln!(out, "  {name:<10} {value}")?;
    }
    if let Some(link) = set_up {
        writeln!(out, "  {:<10} {link} (once, within the hour)", "Set up")?;
    }
    if provider == Provider::Rules {
        writeln!(
            out,
            "\nFor a live model, stop this and run one of:\n  GEMINI_API_KEY=… aftercare serve\n  AFTERCARE_OPENAI__BASE_URL=http://127.0.0.1:11434/v1 AFTERCARE_OPENAI__MODEL=… aftercare serve"
        )?;
    }
    writeln!(out)?;
    out.flush()?;
    Ok(())
}
