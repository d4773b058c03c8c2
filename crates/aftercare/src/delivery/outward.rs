//! Requests to addresses that people give: to nowhere inside, no further than asked, and not for long.

use super::Outcome;
use aftercare_core::instant::Span;
use reqwest::{
    StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HeaderMap, RETRY_AFTER},
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// No request takes longer.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// What sends requests to where people say.
#[derive(Clone)]
pub struct Outward {
    client: reqwest::Client,
    inside: bool,
    hand: Option<Hand>,
}

/// Takes requests in the place of a network, in a world that is simulated: address and body, answered by a status.
pub type Hand = Arc<dyn Fn(&str, &[u8]) -> Result<u16, Outcome> + Send + Sync>;

/// Addresses that a name stands for, without those inside.
struct Guard {
    inside: bool,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let inside = self.inside;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let good: Vec<SocketAddr> = found.filter(|at| inside || !is_inside(at.ip())).collect();
            if good.is_empty() {
                return Err("this name leads to no address that may be asked".into());
            }
            let addresses: Addrs = Box::new(good.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address is of this machine, a network of its own, or nobody's.
pub fn is_inside(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => inside_v4(ip),
        IpAddr::V6(ip) => inside_v6(ip),
    }
}

fn inside_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        // Shared by providers (RFC 6598), and for tests (RFC 2544); protocol assignments (RFC 6890).
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (b == 18 || b == 19))
        || (a, b, c) == (192, 0, 0)
}

fn inside_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    // Within 64:ff9b::/96 and 2002::/16 lies an address of version 4.
    let embedded = match ip.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            inside_v4(Ipv4Addr::new(a, b, c, d))
        }
        _ => false,
    };
    // What is given to everybody is 2000::/3 and, for translation, 64:ff9b::/96.
    let global = first & 0xe000 == 0x2000 || (first, second) == (0x64, 0xff9b);
    !global || embedded || (first == 0x2001 && second == 0x0db8)
}

impl Outward {
    /// `inside`: addresses of this machine and its networks may be asked too.
    pub fn new(inside: bool) -> anyhow::Result<Self> {
        let client = crate::reader::http_client()
            .timeout(DEADLINE)
            .connect_timeout(DEADLINE)
            .dns_resolver(Arc::new(Guard { inside }))
            .build()?;
        Ok(Self { client, inside, hand: None })
    }

    /// Gives all that leaves to somebody else.
    pub fn by_hand(&mut self, hand: Hand) {
        self.hand = Some(hand);
    }

    /// Whether a URL may be asked; why not.
    pub fn check(&self, url: &str) -> Result<reqwest::Url, &'static str> {
        let url = reqwest::Url::parse(url).map_err(|_| "must be a URL such as https://example.org/hook")?;
        let secure = url.scheme() == "https" || (self.inside && url.scheme() == "http");
        if !secure {
            return Err("must begin with https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must hold no user and no password; give them as a header or token");
        }
        let literal = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
        match literal {
            Some(ip) if !self.inside && is_inside(ip) => Err("must not lead inside this network"),
            _ if url.host_str().is_none() => Err("must name a host"),
            _ => Ok(url),
        }
    }

    /// Posts a body; `gone`: what the other side says when nobody will take anything there any more.
    pub async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Vec<u8>,
        gone: &[StatusCode],
    ) -> Result<StatusCode, Outcome> {
        let url = self.check(url).map_err(|why| Outcome::Gone(format!("its address {why}")))?;
        let later = |fault: &str, after| Outcome::Later { fault: fault.to_owned(), after };
        if let Some(hand) = &self.hand {
            let status = StatusCode::from_u16(hand(url.as_str(), &body)?).unwrap_or_default();
            return judge(status, None, gone);
        }
        let answer = self.client.post(url).headers(headers).body(body).send().await;
        let answer = answer.map_err(|error| match error {
            error if error.is_timeout() => later("no answer within 10 s", None),
            error if error.is_connect() => later("no connection", None),
            _ => later("the connection broke off", None),
        })?;
        judge(answer.status(), wait(answer.headers()), gone)
    }
}

/// What a status means.
fn judge(status: StatusCode, after: Option<Span>, gone: &[StatusCode]) -> Result<StatusCode, Outcome> {
    if status.is_success() {
        return Ok(status);
    }
    let said = format!("answered {}", status.as_u16());
    Err(match status {
        status if gone.contains(&status) => Outcome::Gone(said),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Outcome::Later { fault: said, after },
        status if status.is_server_error() => Outcome::Later { fault: said, after },
        _ => Outcome::Failed(said),
    })
}

/// What `Retry-After` asks for, in seconds.
fn wait(headers: &HeaderMap) -> Option<Span> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Span::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_is_known() {
        for inside in [
            "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
            "255.255.255.255", "224.0.0.1", "198.18.0.1", "192.0.0.1", "240.0.0.1", "::1", "::", "fe80::1",
            "fc00::1", "fd12::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:a00:1::",
            "ff02::1", "2001:db8::1",
        ] {
            assert!(is_inside(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"] {
            assert!(!is_inside(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn addresses_that_may_not_be_asked_are_refused_at_once() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (strict, lax) = (Outward::new(false).unwrap(), Outward::new(true).unwrap());
        for bad in [
            "http://example.org/",
            "ftp://example.org/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.1.2.3/x",
            "https://user:password@example.org/",
            "https://2130706433/",
            "https://0x7f.1/",
            "nowhere",
            "",
        ] {
            assert!(strict.check(bad).is_err(), "{bad}");
        }
        assert!(strict.check("https://example.org/hook").is_ok());
        assert!(lax.check("http://127.0.0.1:9/hook").is_ok());
    }

    #[tokio::test]
    async fn names_that_lead_inside_are_not_asked() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let strict = Outward::new(false).unwrap();
        let outcome = strict.post("https://localhost:9/", HeaderMap::new(), vec![], &[]).await;
        assert!(matches!(outcome, Err(Outcome::Later { .. })), "{outcome:?}");
    }
}
