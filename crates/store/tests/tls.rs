//! A PostgreSQL is reached by TLS, and trusted as its URL says.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use aftercare_store::{Store, engine::is_private, testing};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::Path,
};

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Has the server of this process speak TLS, as `localhost`.
async fn speak_tls(url: &str, by: &CertifiedIssuer<'_, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, by).unwrap();
    let server = testing::connect(url).await;
    let data: String = server.query_one("show data_directory", &[]).await.unwrap().get(0);
    let owner = std::fs::metadata(&data).unwrap().uid();
    for (name, pem) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
        let file = Path::new(&data).join(name);
        std::fs::write(&file, pem).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        chown(&file, Some(owner), None).unwrap();
    }
    server.batch_execute("alter system set ssl = on").await.unwrap();
    server.batch_execute("select pg_reload_conf()").await.unwrap();
    // It is told by a signal: connections of after that speak it.
    for _ in 0..1_000 {
        let on = testing::connect(url).await.query_one("show ssl", &[]).await.unwrap();
        if on.get::<_, String>(0) == "on" {
            return;
        }
    }
    panic!("it does not speak TLS");
}

#[tokio::test]
async fn a_server_is_trusted_as_the_url_says() {
    let (ours, another) = (authority(), authority());
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, pem: String| {
        std::fs::write(folder.path().join(name), pem).unwrap();
        folder.path().join(name).display().to_string()
    };
    let (ours_at, another_at) = (file("ours.pem", ours.pem()), file("another.pem", another.pem()));
    let plain = testing::postgres_url().await;
    speak_tls(&plain, &ours).await;
    let asked = [
        ("127.0.0.1", "disable".to_owned(), Some(false)),
        ("127.0.0.1", "prefer".to_owned(), Some(true)),
        ("127.0.0.1", "require".to_owned(), Some(true)),
        ("127.0.0.1", format!("require&sslrootcert={ours_at}"), Some(true)),
        ("127.0.0.1", format!("require&sslrootcert={another_at}"), None),
        ("127.0.0.1", format!("verify-ca&sslrootcert={ours_at}"), Some(true)),
        ("localhost", format!("verify-ca&sslrootcert={another_at}"), None),
        ("localhost", format!("verify-full&sslrootcert={ours_at}"), Some(true)),
        ("127.0.0.1", format!("verify-full&sslrootcert={ours_at}"), None),
        ("localhost", format!("verify-full&sslrootcert={another_at}"), None),
        ("localhost", "verify-full".to_owned(), None),
        ("localhost", "verify-full&sslrootcert=/nowhere.pem".to_owned(), None),
    ];
    for (host, mode, expected) in asked {
        let url = plain.replace("127.0.0.1", host).replace("sslmode=disable", &format!("sslmode={mode}"));
        assert!(is_private(&url), "on this machine nobody reads along");
        let opened = Store::postgres(&url).await;
        assert_eq!(opened.is_ok(), expected.is_some(), "{host} {mode}: {opened:?}");
        let (Ok(store), Some(expected)) = (opened, expected) else { continue };
        let _held = store.peek().await.unwrap();
        let sealed = "select ssl from pg_stat_ssl join pg_stat_activity using (pid)
            where application_name = 'aftercare' order by backend_start desc limit 1";
        let sealed = testing::connect(&plain).await.query_one(sealed, &[]).await.unwrap();
        assert_eq!(sealed.get::<_, bool>(0), expected, "{host} {mode}");
        store.close();
    }
}

/// Of several hosts the first that takes writes is used.
#[tokio::test]
async fn where_one_host_is_gone_the_next_is_asked() {
    let url = testing::postgres_url().await.replace("@127.0.0.1:", "@127.0.0.1:1,127.0.0.1:");
    let store = Store::postgres(&format!("{url}&target_session_attrs=read-write")).await.unwrap();
    store.migrate().await.unwrap();
}
