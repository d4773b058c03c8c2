//! A way between two programs that can be cut, as by a network that loses everything, and healed; or that resets a
//! connection after so many bytes.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Passes bytes on to an address for as long as it is whole. Connections outlive a cut: nobody is told of it.
#[derive(Clone)]
pub struct Proxy {
    at: SocketAddr,
    whole: Arc<watch::Sender<bool>>,
    budget: Arc<Budget>,
}

struct Budget {
    /// So many bytes more are passed on, both ways together; then the connection of the next is reset.
    left: AtomicI64,
    /// How often that was.
    resets: AtomicU32,
}

impl Proxy {
    pub async fn to(address: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (whole, seen) = watch::channel(true);
        let budget = Arc::new(Budget { left: i64::MAX.into(), resets: 0.into() });
        let (at, passed) = (listener.local_addr().unwrap(), Arc::clone(&budget));
        let proxy = Self { at, whole: Arc::new(whole), budget };
        tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                let (address, mut seen, budget) = (address.clone(), seen.clone(), Arc::clone(&passed));
                tokio::spawn(async move {
                    if seen.wait_for(|whole| *whole).await.is_err() {
                        return;
                    }
                    let Ok(to) = TcpStream::connect(address).await else { return };
                    between(from, to, seen, &budget).await;
                });
            }
        });
        proxy
    }

    pub fn port(&self) -> u16 {
        self.at.port()
    }

    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub fn heal(&self) {
        self.whole.send_replace(true);
    }

    /// After so many bytes more the connection that they go by is reset.
    pub fn reset_after(&self, bytes: i64) {
        self.budget.left.store(bytes, Ordering::Relaxed);
    }

    /// How many were reset so far.
    pub fn resets(&self) -> u32 {
        self.budget.resets.load(Ordering::Relaxed)
    }
}

async fn between(mut one: TcpStream, mut other: TcpStream, seen: watch::Receiver<bool>, budget: &Budget) {
    {
        let (mut from, mut to) = (one.split(), other.split());
        // Whichever ends ends both.
        tokio::select! {
            () = pass(&mut from.0, &mut to.1, seen.clone(), budget) => {}
            () = pass(&mut to.0, &mut from.1, seen, budget) => {}
        }
    }
    let _ = (one.set_zero_linger(), other.set_zero_linger());
}

async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut seen: watch::Receiver<bool>,
    budget: &Budget,
) {
    let mut bytes = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if seen.wait_for(|whole| *whole).await.is_err() {
            return;
        }
        let before = budget.left.fetch_sub(i64::try_from(count).unwrap(), Ordering::Relaxed);
        let part = usize::try_from(before.max(0)).unwrap_or(usize::MAX).min(count);
        if to.write_all(&bytes[..part]).await.is_err() {
            return;
        }
        if part < count {
            // One is enough.
            budget.left.store(i64::MAX, Ordering::Relaxed);
            budget.resets.fetch_add(1, Ordering::Relaxed);
            return;
        }
    }
}
