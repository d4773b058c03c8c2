//! Opening an account, signing in, and what belongs to oneself.

use crate::{
    error::{Failure, text, told},
    web::{Credentials, Now, Web},
};
use aftercare_core::{clock::Clock, id::UserId};
use aftercare_device::{Client, account::NewAccount, link::NewDevice, random::Random};
use aftercare_seal::{password::Kdf, recovery::RecoveryKey};
use js_sys::Function;
use serde::Deserialize;
use serde_json::Value;
use std::{rc::Rc, sync::Arc};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

/// Sealing contract 6.1.
const KDF: Kdf = Kdf { m: 65_536, t: 3, p: 1 };

/// Somebody signed in on this device, with their keys.
#[wasm_bindgen]
pub struct Device(pub(crate) Rc<Client<Web>>);

/// A new device that waits for one of its owner's.
#[wasm_bindgen(js_name = NewDevice)]
pub struct Waiting(Rc<NewDevice>);

#[wasm_bindgen(js_class = NewDevice)]
impl Waiting {
    /// Makes keys for this one time and begins to wait.
    pub async fn begin(send: Function) -> Result<Waiting, JsValue> {
        told(async { Ok(Self(Rc::new(NewDevice::begin(&Web(send), &*random()?).await?))) }).await
    }

    /// What it shows.
    pub fn code(&self) -> String {
        self.0.code()
    }

    /// Signed in with what it was handed; nothing yet.
    pub async fn poll(&self, send: Function) -> Result<Option<Device>, JsValue> {
        told(async { Ok(self.0.poll(&Web(send), random()?).await?.map(|client| Device(Rc::new(client)))) })
            .await
    }
}

#[derive(Deserialize)]
struct Who {
    role: String,
    name: String,
    email: String,
    password: String,
    time_zone: String,
    specialty: Option<String>,
}

fn random() -> anyhow::Result<Arc<Random>> {
    Ok(Arc::new(Random::from_system()?))
}

/// Makes an account with keys of its own; its recovery code, to be written down. `who` is
/// `{role, name, email, password, time_zone, specialty?}`.
#[wasm_bindgen(js_name = signUp)]
pub async fn sign_up(send: Function, who: String) -> Result<String, JsValue> {
    told(async {
        let who: Who = serde_json::from_str(&who)?;
        let who = NewAccount {
            role: &who.role,
            name: &who.name,
            email: &who.email,
            password: &who.password,
            time_zone: &who.time_zone,
            specialty: who.specialty.as_deref(),
        };
        let code = Client::sign_up(&Web(send), &*random()?, Now.now(), KDF, &who).await?;
        Ok(code.text().to_string())
    })
    .await
}

/// Opens an account whose password is lost and gives it a new one; the new recovery code.
#[wasm_bindgen]
pub async fn recover(
    send: Function,
    email: String,
    code: String,
    password: String,
) -> Result<String, JsValue> {
    told(async {
        let code = RecoveryKey::parse(&code)?;
        let made = Client::recover(&Web(send), &*random()?, &email, &code, &password).await?;
        Ok(made.recovery_code.text().to_string())
    })
    .await
}

/// Makes new keys by a one-time code of the operator; the new recovery code.
#[wasm_bindgen]
pub async fn reset(send: Function, email: String, code: String, password: String) -> Result<String, JsValue> {
    told(async {
        let made = Client::reset(&Web(send), &*random()?, KDF, &email, &code, &password).await?;
        Ok(made.recovery_code.text().to_string())
    })
    .await
}

#[wasm_bindgen]
impl Device {
    /// Signs in with a password. `beside` is what goes with it: `{totp?, device_token?}`.
    #[wasm_bindgen(js_name = signIn)]
    pub async fn sign_in(
        send: Function,
        email: String,
        password: String,
        beside: String,
    ) -> Result<Device, JsValue> {
        told(async {
            let beside: Value = serde_json::from_str(&beside)?;
            let signed_in = Client::sign_in(&Web(send), random()?, &email, &password, beside).await?;
            Ok(Self(Rc::new(signed_in)))
        })
        .await
    }

    /// Signs in with a passkey alone. `show` is what asks the browser, as in [`Device::add_passkey`].
    #[wasm_bindgen(js_name = signInWithPasskey)]
    pub async fn sign_in_with_passkey(send: Function, show: Function) -> Result<Device, JsValue> {
        told(async {
            let signed_in = Client::sign_in_with_passkey(&Web(send), random()?, &Credentials(show)).await?;
            Ok(Self(Rc::new(signed_in)))
        })
        .await
    }

    /// Makes a passkey of this device's that opens the account. `ask` asks the browser: `("create" | "get", options)
    /// => Promise<[credential, key | undefined]>`, options and credential as JSON texts, the key of the PRF extension
    /// as bytes.
    #[wasm_bindgen(js_name = addPasskey)]
    pub async fn add_passkey(&self, name: String, ask: Function) -> Result<(), JsValue> {
        told(async {
            self.0.add_passkey(&name, &Credentials(ask)).await?;
            Ok(())
        })
        .await
    }

    /// Hands the root key to the new device that shows this code.
    #[wasm_bindgen(js_name = handTo)]
    pub async fn hand_to(&self, code: String) -> Result<(), JsValue> {
        Ok(self.0.hand_to(&code).await.map_err(Failure::from)?)
    }

    /// Goes on with a root key that this device has kept, and what it remembers beside it.
    pub fn resume(send: Function, root_key: &[u8], remembered: &str) -> Result<Device, JsValue> {
        let resumed = || {
            let root_key = root_key.try_into()?;
            Ok::<_, Failure>(Client::resume(
                Web(send),
                random()?,
                root_key,
                serde_json::from_str(remembered)?,
            )?)
        };
        Ok(Self(Rc::new(resumed()?)))
    }

    /// The root key, to be kept under a key of this device only.
    #[wasm_bindgen(js_name = rootKey)]
    pub fn root_key(&self) -> Vec<u8> {
        self.0.root_key().to_vec()
    }

    /// What to remember beside it.
    pub fn remember(&self) -> Result<String, JsValue> {
        Ok(text(&self.0.remember())?)
    }

    /// Whom this device knows by which keys: another text when somebody new is known.
    pub fn pinned(&self) -> Result<String, JsValue> {
        Ok(self.0.pinned().map_err(Failure::from)?)
    }

    /// Takes what this device remembers of before it was signed in to anew.
    pub fn know(&self, before: &str) -> Result<(), JsValue> {
        let known = || Ok::<_, Failure>(self.0.know(&serde_json::from_str(before)?)?);
        Ok(known()?)
    }

    /// Whose it is.
    pub fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// Takes what the account's other devices have kept of contacts, and keeps this one's for them.
    pub async fn keep(&self) -> Result<(), JsValue> {
        Ok(self.0.keep().await.map_err(Failure::from)?)
    }

    /// Follows the log of keys; how many keys it has.
    #[wasm_bindgen(js_name = followKeyLog)]
    pub async fn follow_key_log(&self) -> Result<f64, JsValue> {
        let n = self.0.follow_key_log().await.map_err(Failure::from)?;
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 people")]
        Ok(n as f64)
    }

    /// Changes the password; notes stay as they are. Without the current one: right after a passkey was shown.
    #[wasm_bindgen(js_name = changePassword)]
    pub async fn change_password(&self, current: Option<String>, new: String) -> Result<(), JsValue> {
        Ok(self.0.change_password(current.as_deref(), &new).await.map_err(Failure::from)?)
    }

    /// Erases the account and all that is its owner's.
    pub async fn erase(&self, password: Option<String>) -> Result<(), JsValue> {
        Ok(self.0.erase(password.as_deref()).await.map_err(Failure::from)?)
    }

    /// The sixty digits to compare with somebody.
    #[wasm_bindgen(js_name = safetyCode)]
    pub async fn safety_code(&self, id: String) -> Result<String, JsValue> {
        Ok(self.0.safety_code(user(&id)?).await.map_err(Failure::from)?)
    }

    /// The same for a machine to compare: both key ids.
    #[wasm_bindgen(js_name = safetyPair)]
    pub async fn safety_pair(&self, id: String) -> Result<String, JsValue> {
        Ok(self.0.safety_pair(user(&id)?).await.map_err(Failure::from)?)
    }

    /// What was put under a name for all devices of this account.
    #[wasm_bindgen(js_name = fromShelf)]
    pub async fn from_shelf(&self, name: String) -> Result<Option<String>, JsValue> {
        Ok(self.0.from_shelf(&name).await.map_err(Failure::from)?)
    }

    /// Puts a text there.
    #[wasm_bindgen(js_name = putOnShelf)]
    pub async fn put_on_shelf(&self, name: String, text: String) -> Result<(), JsValue> {
        Ok(self.0.put_on_shelf(&Now, &name, &text).await.map_err(Failure::from)?)
    }

    /// Takes somebody's new keys as theirs: the codes were compared.
    pub async fn trust(&self, id: String) -> Result<(), JsValue> {
        Ok(self.0.trust(user(&id)?).await.map_err(Failure::from)?)
    }
}

pub(crate) fn user(id: &str) -> Result<UserId, Failure> {
    Ok(UserId(id.parse()?))
}
