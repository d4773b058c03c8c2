//! PostgreSQL's connections. The way there and back costs more than most statements do, so nobody waits for an answer
//! that says nothing: a statement is sent, and its answer comes with the next one that is wanted, at the latest with that
//! to the commit. If one is refused, PostgreSQL refuses all after it in its transaction, and the first refusal is told.

use crate::{
    StoreError,
    args::Args,
    engine::{DEADLINE, Synced},
    fault,
    row::FromRow,
    tls::Target,
};
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, QueueMode, RecyclingMethod,
};
use futures_util::{FutureExt as _, TryStreamExt as _};
use std::{
    collections::VecDeque,
    fmt,
    future::{Future, poll_fn, ready},
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};
use tokio::sync::oneshot::{self, Receiver, error::TryRecvError};
use tokio_postgres::{Error, Row, Statement, error::SqlState};

/// How many connections there are at the most.
const CONNECTIONS: usize = 16;
/// Nobody waits longer for a connection: where there is none so long there is too much to do, or PostgreSQL gives out no
/// more, and whoever asks is better told so.
const WAITS: Duration = Duration::from_secs(3);
/// A connection that nobody has used for longer is asked whether it is still there. One that was in use a moment ago is
/// good: asking it costs as much as what is wanted of it.
const RESTED: Duration = Duration::from_secs(1);
/// One is replaced when it is so old: what the server keeps for it grows.
const OLD: Duration = Duration::from_mins(30);
/// What whoever sends nothing is told by: a peer that is gone without a word.
const SILENCE: Duration = Duration::from_secs(10);

/// What a session is set to.
const SETTINGS: &str = concat!(
    // No `statement_timeout`: it would cancel a COMMIT that waits for its standby, which PostgreSQL then acknowledges with
    // a mere warning. Whoever has waited too long drops the connection, and the server notices.
    "-c client_connection_check_interval=5s -c idle_in_transaction_session_timeout=30s -c lock_timeout=5s",
    // Statements over arrays look dear to the planner, and are over before they would be compiled.
    " -c jit=off"
);
/// It would plan statements over arrays anew each time, for longer than they take. A plan that is kept must not depend on how
/// small a table was when it was made: rows are found by an index, one by one, and no table is read to be joined.
const PLANS_KEPT: &str = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off \
    -c enable_mergejoin=off -c enable_material=off";
/// For more rows than these a plan costs less than what is wrong with one that was kept: made when a table was empty, it
/// compares each of its rows with each that is asked for.
const FEW: usize = 16;
const PLAN_ANEW: &str = "set local plan_cache_mode = force_custom_plan";

/// Connections to one PostgreSQL.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    pool: Pool,
    /// Whether its rows are spread over machines by bucket.
    spread: bool,
}

impl Connections {
    /// Opens the first.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        let target = Target::of(url)?;
        let mut opened = Self { pool: pool(&target, PLANS_KEPT)?, spread: false };
        opened.spread = crate::distributed::is_spread(&mut opened.lease().await?).await?;
        if opened.spread {
            // Which machine is asked follows from the values, so each plan is for its own.
            opened.pool = pool(&target, "")?;
        }
        Ok(opened)
    }

    /// One of them, for statements of which each sees the newest state.
    pub(crate) async fn lease(&self) -> Result<Held, StoreError> {
        let client = match tokio::time::timeout(WAITS, self.pool.get()).await {
            Ok(client) => client?,
            Err(_) => {
                return Err(StoreError::Unavailable(format!("no connection within {} s", WAITS.as_secs())));
            }
        };
        Ok(Held {
            client: Some(Arc::new(client)),
            coming: VecDeque::new(),
            state: State::Outside,
            plans_anew: false,
            spread: self.spread,
        })
    }

    /// One of them in a transaction that only reads: all its statements see one state.
    pub(crate) async fn begin(&self) -> Result<Held, StoreError> {
        self.begin_with("begin isolation level repeatable read read only").await
    }

    /// One of them in a transaction that writes.
    pub(crate) async fn begin_writing(&self, synced: Synced) -> Result<Held, StoreError> {
        self.begin_with(match synced {
            Synced::Yes => "begin",
            Synced::No => "begin; set local synchronous_commit = off",
        })
        .await
    }

    async fn begin_with(&self, sql: &'static str) -> Result<Held, StoreError> {
        let mut held = self.lease().await?;
        held.state = State::Within;
        let client = held.client();
        held.send(async move { client.batch_execute(sql).await }).await;
        Ok(held)
    }

    /// Closes those that rest, and gives out no more.
    pub(crate) fn close(&self) {
        self.pool.close();
    }
}

/// Connections that are made as they are needed; `plans` is what besides they are set to.
fn pool(target: &Target, plans: &str) -> Result<Pool, StoreError> {
    let mut config = target.config.clone();
    // What the URL says comes last, and holds.
    let options = format!("{SETTINGS} {plans} {}", config.get_options().unwrap_or_default());
    config
        .application_name("aftercare")
        .options(options)
        .connect_timeout(WAITS)
        .keepalives_idle(SILENCE)
        .tcp_user_timeout(SILENCE);
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    Pool::builder(Manager::from_config(config, target.connector()?, recycling))
        .max_size(CONNECTIONS)
        .queue_mode(QueueMode::Lifo)
        .pre_recycle(Hook::async_fn(|connection, seen| {
            Box::pin(async move {
                if seen.age() > OLD {
                    return Err(HookError::message("it is old"));
                }
                if seen.last_used() > RESTED {
                    connection.check_connection().await.map_err(HookError::Backend)?;
                }
                Ok(())
            })
        }))
        .build()
        .map_err(|error| StoreError::Broken(error.to_string()))
}

/// A refusal as it is to somebody who did not wait for it: who wants to know whether a key is taken does. To anybody else
/// somebody was faster.
fn untold(error: StoreError) -> StoreError {
    match error {
        StoreError::Taken(key) => StoreError::Conflict(key),
        other => other,
    }
}

/// An answer on its way; it is put where whoever asked will look for it.
type Coming = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No transaction is open.
    Outside,
    /// One is open.
    Within,
    /// One is open, and a statement of it was refused.
    Refused,
    /// The connection is not to be used again.
    Lost,
}

/// A connection, within a transaction or outside of one. Dropped within one, it is undone.
pub struct Held {
    /// Taken when it goes back.
    client: Option<Arc<Object>>,
    /// What is not answered yet, in the order in which it was asked. Answers are taken in this order alone: the driver
    /// reads no further while one is left lying.
    coming: VecDeque<Coming>,
    state: State,
    /// Whether the transaction has its statements planned by what they are asked, from now on.
    plans_anew: bool,
    /// Whether rows are spread over machines by bucket: then one statement locks, and changes, those of one.
    pub(crate) spread: bool,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("state", &self.state)
            .field("spread", &self.spread)
            .finish_non_exhaustive()
    }
}

impl Held {
    fn client(&self) -> Arc<Object> {
        match &self.client {
            Some(client) => Arc::clone(client),
            None => unreachable!("held until it is dropped"),
        }
    }

    /// Sends what a future sends when it is first asked; where its answer will lie.
    async fn send<T: Send + 'static>(
        &mut self,
        asked: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Receiver<T> {
        let (give, take) = oneshot::channel();
        let mut coming: Coming = Box::pin(async move {
            // Where nobody wants to know, that it was taken is enough.
            let _ = give.send(asked.await?);
            Ok(())
        });
        let sent = poll_fn(|context| Poll::Ready(coming.as_mut().poll(context))).await;
        self.coming.push_back(match sent {
            Poll::Ready(done) => Box::pin(ready(done)),
            Poll::Pending => coming,
        });
        take
    }

    /// Waits for the next answer; false where there is none to come.
    async fn next(&mut self) -> Result<bool, StoreError> {
        let Some(next) = self.coming.front_mut() else { return Ok(false) };
        let done = next.await;
        self.coming.pop_front();
        match done {
            Ok(()) => Ok(true),
            Err(error) => Err(self.refusal(error)),
        }
    }

    /// Waits for all answers; the first refusal.
    async fn answers(&mut self) -> Result<(), StoreError> {
        while self.next().await.map_err(untold)? {}
        Ok(())
    }

    /// Waits for one answer, and all before it.
    async fn answer<T>(&mut self, mut lies: Receiver<T>) -> Result<T, StoreError> {
        self.in_time(async |held| {
            loop {
                if let Ok(answer) = lies.try_recv() {
                    return Ok(answer);
                }
                match held.next().await {
                    Ok(true) => {}
                    Ok(false) => return Err(StoreError::Broken("an answer was taken before".to_owned())),
                    Err(error) if matches!(lies.try_recv(), Err(TryRecvError::Closed)) => return Err(error),
                    Err(error) => return Err(untold(error)),
                }
            }
        })
        .await
    }

    fn refusal(&mut self, error: Error) -> StoreError {
        // A primary that has become a standby stays one: another connection may reach the new one.
        if error.is_closed() || error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION) {
            self.state = State::Lost;
        } else if self.state == State::Within {
            self.state = State::Refused;
        }
        error.into()
    }

    /// Whoever has waited too long does not use the connection again.
    async fn in_time<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Ok(done) = tokio::time::timeout(DEADLINE, work(self)).await {
            return done;
        }
        self.state = State::Lost;
        Err(StoreError::Unavailable(format!("no answer within {} s", DEADLINE.as_secs())))
    }

    async fn prepared(&mut self, sql: &str, args: &Args) -> Result<Statement, StoreError> {
        fault::step()?;
        let client = self.client();
        if args.rows > FEW && self.state == State::Within && !self.plans_anew {
            self.plans_anew = true;
            let client = Arc::clone(&client);
            self.send(async move { client.batch_execute(PLAN_ANEW).await }).await;
        }
        let mut asked = pin!(client.prepare_typed_cached(sql, &args.types));
        // Where it is known, there is nothing to wait for.
        let known = match poll_fn(|context| Poll::Ready(asked.as_mut().poll(context))).await {
            Poll::Ready(known) => known,
            Poll::Pending => {
                self.in_time(async |held| {
                    held.answers().await?;
                    Ok(asked.await)
                })
                .await?
            }
        };
        known.map_err(|error| self.refusal(error))
    }

    async fn send_statement(&mut self, sql: &str, args: Args) -> Result<Receiver<u64>, StoreError> {
        let statement = self.prepared(sql, &args).await?;
        let client = self.client();
        Ok(self.send(async move { client.execute_raw(&statement, args.values).await }).await)
    }

    /// Runs a statement; the number of rows it touched.
    pub(crate) async fn execute(&mut self, sql: &str, args: Args) -> Result<u64, StoreError> {
        let touched = self.send_statement(sql, args).await?;
        self.answer(touched).await
    }

    /// Runs a statement whose answer says nothing. Within a transaction nobody waits for it.
    pub(crate) async fn put(&mut self, sql: &str, args: Args) -> Result<(), StoreError> {
        if self.state == State::Outside {
            return self.execute(sql, args).await.map(|_| ());
        }
        self.send_statement(sql, args).await.map(|_| ())
    }

    /// The same, once for each.
    pub(crate) async fn put_each(&mut self, sql: &str, all: Vec<Args>) -> Result<(), StoreError> {
        for args in all {
            self.put(sql, args).await?;
        }
        Ok(())
    }

    /// All rows of a query.
    pub(crate) async fn rows<R: FromRow>(&mut self, sql: &str, args: Args) -> Result<Vec<R>, StoreError> {
        let rows = self.ask(sql, args).await?.come(self).await?;
        rows.iter().map(|row| R::read(&mut row.into())).collect()
    }

    /// The row of a query that has at most one.
    pub(crate) async fn row<R: FromRow>(&mut self, sql: &str, args: Args) -> Result<Option<R>, StoreError> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }

    /// Sends a query whose rows are waited for later.
    pub(crate) async fn ask(&mut self, sql: &str, args: Args) -> Result<Rows, StoreError> {
        let statement = self.prepared(sql, &args).await?;
        let client = self.client();
        let rows = async move { client.query_raw(&statement, args.values).await?.try_collect().await };
        Ok(Rows(vec![self.send(rows).await]))
    }

    /// The same, asked once for each.
    pub(crate) async fn ask_each(&mut self, sql: &str, all: Vec<Args>) -> Result<Rows, StoreError> {
        let mut asked = Vec::new();
        for args in all {
            asked.extend(self.ask(sql, args).await?.0);
        }
        Ok(Rows(asked))
    }

    /// Runs statements as they stand, however long they take.
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.answers().await?;
        self.client().batch_execute(sql).await.map_err(|error| self.refusal(error))
    }

    /// Makes it permanent.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        match self.state {
            State::Outside => return Ok(()),
            State::Within => {}
            // PostgreSQL would answer COMMIT with a rollback, and call it well done.
            State::Refused | State::Lost => {
                return Err(StoreError::Broken("a statement of the transaction was refused".to_owned()));
            }
        }
        let client = self.client();
        self.send(async move { client.batch_execute("commit").await }).await;
        let done = self.answers().await;
        if self.state != State::Lost {
            self.state = State::Outside;
        }
        done
    }
}

/// Rows on their way.
pub(crate) struct Rows(Vec<Receiver<Vec<Row>>>);

impl Rows {
    /// They, once they are there.
    pub(crate) async fn come(self, held: &mut Held) -> Result<Vec<Row>, StoreError> {
        let mut all = Vec::new();
        for lies in self.0 {
            let rows = held.answer(lies).await?;
            if all.is_empty() { all = rows } else { all.extend(rows) }
        }
        Ok(all)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        self.coming.clear();
        match self.state {
            State::Outside => {}
            // Sent at once; whoever has the connection next stands behind it.
            State::Within | State::Refused => drop(client.batch_execute("rollback").now_or_never()),
            // The server notices that nobody is there any more.
            State::Lost => drop(Arc::into_inner(client).map(Object::take)),
        }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            other => Self::Unavailable(other.to_string()),
        }
    }
}
