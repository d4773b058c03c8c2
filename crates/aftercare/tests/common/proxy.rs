//! A way between two programs that can be cut, as by a network that loses everything, and healed; or that resets a
//! connection after so many bytes, or all of them and takes no more.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering},
    },
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Whole,
    /// Connections outlive it: nobody is told.
    Cut,
    /// All are reset.
    Down,
}

/// Passes bytes on to an address for as long as it is whole.
#[derive(Clone)]
pub struct Proxy {
    at: SocketAddr,
    way: Arc<watch::Sender<Way>>,
    budget: Arc<Budget>,
}

struct Budget {
    /// So many bytes more are passed on, both ways together; then the connection of the next is reset.
    left: AtomicI64,
    /// How often that was.
    resets: AtomicU32,
    /// Whether all the others go with it.
    all: AtomicBool,
}

impl Proxy {
    pub async fn to(address: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (way, mut seen) = watch::channel(Way::Whole);
        let budget = Arc::new(Budget { left: i64::MAX.into(), resets: 0.into(), all: false.into() });
        let proxy = Self { at: listener.local_addr().unwrap(), way: Arc::new(way), budget };
        let own = proxy.clone();
        tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                if *seen.borrow_and_update() == Way::Down {
                    let _ = from.set_zero_linger();
                    continue;
                }
                let (address, own, mut seen) = (address.clone(), own.clone(), seen.clone());
                tokio::spawn(async move {
                    if seen.wait_for(|way| *way == Way::Whole).await.is_err() {
                        return;
                    }
                    let Ok(to) = TcpStream::connect(address).await else { return };
                    own.between(from, to, seen).await;
                });
            }
        });
        proxy
    }

    pub fn port(&self) -> u16 {
        self.at.port()
    }

    pub fn cut(&self) {
        self.way.send_replace(Way::Cut);
    }

    pub fn heal(&self) {
        self.way.send_replace(Way::Whole);
    }

    /// After so many bytes more the connection that they go by is reset.
    pub fn reset_after(&self, bytes: i64) {
        self.budget.left.store(bytes, Ordering::Relaxed);
    }

    /// After so many bytes more all connections are reset, and none is taken until it is healed.
    pub fn down_after(&self, bytes: i64) {
        self.budget.all.store(true, Ordering::Relaxed);
        self.reset_after(bytes);
    }

    /// How many were reset so far.
    pub fn resets(&self) -> u32 {
        self.budget.resets.load(Ordering::Relaxed)
    }

    async fn between(&self, mut one: TcpStream, mut other: TcpStream, seen: watch::Receiver<Way>) {
        let mut down = seen.clone();
        {
            let (mut from, mut to) = (one.split(), other.split());
            // Whichever ends ends both.
            tokio::select! {
                () = self.pass(&mut from.0, &mut to.1, seen.clone()) => {}
                () = self.pass(&mut to.0, &mut from.1, seen) => {}
                _ = down.wait_for(|way| *way == Way::Down) => {}
            }
        }
        let _ = (one.set_zero_linger(), other.set_zero_linger());
    }

    async fn pass(
        &self,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        mut seen: watch::Receiver<Way>,
    ) {
        let mut bytes = vec![0; 65_536];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            if seen.wait_for(|way| *way == Way::Whole).await.is_err() {
                return;
            }
            let before = self.budget.left.fetch_sub(i64::try_from(count).unwrap(), Ordering::Relaxed);
            let part = usize::try_from(before.max(0)).unwrap_or(usize::MAX).min(count);
            if to.write_all(&bytes[..part]).await.is_err() {
                return;
            }
            if part < count {
                // One is enough.
                self.reset_after(i64::MAX);
                self.budget.resets.fetch_add(1, Ordering::Relaxed);
                if self.budget.all.swap(false, Ordering::Relaxed) {
                    self.way.send_replace(Way::Down);
                }
                return;
            }
        }
    }
}
