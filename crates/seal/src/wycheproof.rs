//! Project Wycheproof's cases against our own use of the primitives: what must open opens, and
//! what must not, does not.

use crate::{Bytes, Secret, ark::verify, pae, wrap::decrypt_with};
use ::hkdf::Hkdf;
use sha2::Sha256;
use wycheproof::{TestResult, aead, eddsa, hkdf, mlkem, xdh};

#[test]
fn ed25519_verification_is_strict() {
    let (mut good, mut bad) = (0, 0);
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = Bytes::<32>::try_from(group.key.pk.as_ref()).unwrap();
        for test in group.tests {
            let verified = Bytes::<64>::try_from(test.sig.as_ref())
                .is_ok_and(|sig| verify(&key, &test.msg, &sig).is_ok());
            assert_eq!(verified, test.result == TestResult::Valid, "case {}: {}", test.tc_id, test.comment);
            *(if verified { &mut good } else { &mut bad }) += 1;
        }
    }
    assert!(good > 50 && bad > 50, "{good} good, {bad} bad");
}

#[test]
fn aes_256_gcm_opens_what_is_whole_and_nothing_else() {
    let (mut good, mut bad) = (0, 0);
    let groups = aead::TestSet::load(aead::TestName::AesGcm).unwrap().test_groups;
    let ours = groups
        .into_iter()
        .filter(|group| (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128));
    for test in ours.flat_map(|group| group.tests) {
        let key = Secret::new(test.key.as_ref().try_into().unwrap());
        let nonce: [u8; 12] = test.nonce.as_ref().try_into().unwrap();
        let sealed = [test.ct.as_ref(), test.tag.as_ref()].concat();
        let opened = decrypt_with(&key, &nonce, &sealed, &test.aad);
        match test.result {
            TestResult::Valid => {
                assert_eq!(opened.unwrap().as_slice(), test.pt.as_ref(), "case {}", test.tc_id);
            }
            _ => assert!(opened.is_err(), "case {}: {}", test.tc_id, test.comment),
        }
        *(if test.result == TestResult::Valid { &mut good } else { &mut bad }) += 1;
    }
    assert!(good > 20 && bad > 20, "{good} good, {bad} bad");
}

#[test]
fn hkdf_sha_256_derives_as_others_do() {
    let (mut cases, mut ours) = (0, 0);
    for group in hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap().test_groups {
        for test in group.tests {
            let mut okm = vec![0; test.size];
            let expanded = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut okm);
            let good = expanded.is_ok() && okm == test.okm.as_ref();
            assert_eq!(good, test.result == TestResult::Valid, "case {}", test.tc_id);
            cases += 1;
            // Our own use takes no salt and gives 32 bytes.
            if test.salt.is_empty() && test.size == 32 {
                assert_eq!(
                    pae::hkdf(&test.ikm, &test.info).expose(),
                    test.okm.as_ref(),
                    "case {}",
                    test.tc_id
                );
                ours += 1;
            }
        }
    }
    assert!(cases > 80 && ours > 0, "{cases} cases, {ours} of them as we use it");
}

/// Of X-Wing's halves: the curve.
#[test]
fn x25519_agrees_as_others_do() {
    let mut cases = 0;
    for group in xdh::TestSet::load(xdh::TestName::X25519).unwrap().test_groups {
        for test in group.tests {
            let (Ok(key), Ok(public)) = (
                <[u8; 32]>::try_from(test.private_key.as_ref()),
                <[u8; 32]>::try_from(test.public_key.as_ref()),
            ) else {
                assert_ne!(test.result, TestResult::Valid, "case {}", test.tc_id);
                continue;
            };
            let shared = x25519_dalek::x25519(key, public);
            assert_eq!(
                shared.as_slice(),
                test.shared_secret.as_ref(),
                "case {}: {}",
                test.tc_id,
                test.comment
            );
            cases += 1;
        }
    }
    assert!(cases > 400, "{cases}");
}

/// And the lattice: keys from seeds, and what is sealed to them.
#[test]
fn ml_kem_768_opens_as_others_do() {
    use ml_kem::{
        DecapsulationKey768,
        kem::{Decapsulate, KeyExport},
    };
    let (mut good, mut bad) = (0, 0);
    for group in mlkem::TestSet::load(mlkem::TestName::MlKem768).unwrap().test_groups {
        for test in group.tests {
            let seed = test.seed.as_ref().and_then(|seed| <[u8; 64]>::try_from(seed.as_ref()).ok());
            let ct = test.ct.as_ref().and_then(|ct| <[u8; 1088]>::try_from(ct.as_ref()).ok());
            let (Some(seed), Some(ct)) = (seed, ct) else {
                assert_ne!(test.result, TestResult::Valid, "case {}", test.tc_id);
                bad += 1;
                continue;
            };
            let key = DecapsulationKey768::from_seed(seed.into());
            let expected_key = test.encaps_key.as_ref().map(AsRef::as_ref);
            assert!(expected_key.is_none_or(|ek: &[u8]| key.encapsulation_key().to_bytes().as_slice() == ek));
            let shared = key.decapsulate(&ct.into());
            let expected = test.shared_secret.as_ref().map(AsRef::as_ref);
            let same = expected == Some(shared.as_slice());
            assert_eq!(same, test.result == TestResult::Valid, "case {}: {}", test.tc_id, test.comment);
            good += 1;
        }
    }
    assert!(good > 20, "{good} good, {bad} bad");
}
