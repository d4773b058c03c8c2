//! A way between two programs that can be cut, as by a network that loses everything, and healed.

use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// Passes bytes on to an address for as long as it is whole. Connections outlive a cut: nobody is told of it.
#[derive(Clone)]
pub struct Proxy {
    at: SocketAddr,
    whole: Arc<watch::Sender<bool>>,
}

impl Proxy {
    pub async fn to(address: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (whole, seen) = watch::channel(true);
        let proxy = Self { at: listener.local_addr().unwrap(), whole: Arc::new(whole) };
        tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                let (address, mut seen) = (address.clone(), seen.clone());
                tokio::spawn(async move {
                    if seen.wait_for(|whole| *whole).await.is_err() {
                        return;
                    }
                    let Ok(to) = TcpStream::connect(address).await else { return };
                    let (from, to) = (from.into_split(), to.into_split());
                    tokio::join!(pass(from.0, to.1, seen.clone()), pass(to.0, from.1, seen));
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
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut seen: watch::Receiver<bool>) {
    let mut bytes = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if seen.wait_for(|whole| *whole).await.is_err() || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
