//! Signatures of files that leave the office: minisign, so that anybody can check them without kaohe.
//!
//! In: a file, a key file. Out: the signature beside the file, as `FILE.minisig`. Never here: what the file says; a clock (the trusted comment is
//! given).
//!
//! The format is that of <https://jedisct1.github.io/minisign/>: Ed25519 over the BLAKE2b digest of the file, and over the trusted comment.
//! `minisign -V -p OFFICE.pub -m list.json` checks the same.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use minisign::{KeyPair, PublicKey, PublicKeyBox, SecretKey, SecretKeyBox, SignatureBox};

use crate::error::{Context, Error, Kind, Result};
use crate::lake::replace_file;

/// Where the signature of a file stands.
pub fn signature_of(file: &Path) -> PathBuf {
    beside(file, "minisig")
}

/// Where the public key of a secret key stands.
pub fn public_key_of(secret: &Path) -> PathBuf {
    beside(secret, "pub")
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{ending}"));
    PathBuf::from(name)
}

/// Makes a pair of keys: the secret one at `secret`, for its owner's eyes only, the public one beside it. A password encrypts the secret key.
///
/// # Errors
/// One of the files exists already; a folder that can't be written.
pub fn make_keys(secret: &Path, password: Option<String>) -> Result<()> {
    let public = public_key_of(secret);
    for file in [secret, &public] {
        if file.exists() {
            return Err(Error::new(Kind::Configuration, format!("{} exists already", file.display()))
                .with_hint("name another file; a key that was lost can't be made again, so none is replaced"));
        }
    }
    let doing = || format!("making the keys {} and {}", secret.display(), public.display());
    let pair = match password.filter(|password| !password.is_empty()) {
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password)),
        None => KeyPair::generate_unencrypted_keypair(),
    };
    let KeyPair { pk, sk } = pair.context(Kind::Environment, doing)?;
    let text = sk.to_box(Some("kaohe secret key")).context(Kind::Bug, doing)?.into_string();
    write_for_owner(secret, text.as_bytes()).context(Kind::Environment, doing)?;
    replace_file(&public, pk.to_box().context(Kind::Bug, doing)?.into_string().as_bytes())
}

#[cfg(unix)]
fn write_for_owner(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    made.write_all(bytes)?;
    made.sync_all()
}

#[cfg(not(unix))]
fn write_for_owner(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::write(file, bytes)
}

/// A secret key that is ready to sign.
pub struct Signer(SecretKey);

impl Signer {
    /// Reads a secret key. `password` is asked for only where the key is encrypted.
    ///
    /// # Errors
    /// A file that is no secret key; a password that is missing or wrong.
    pub fn read(key: &Path, password: impl FnOnce() -> Option<String>) -> Result<Self> {
        let doing = || format!("reading the secret key {}", key.display());
        let text = std::fs::read_to_string(key).context(Kind::Configuration, doing)?;
        let no_key = || {
            Error::new(Kind::Configuration, format!("{} is no minisign secret key", key.display()))
                .with_hint("`kaohe sample --make-keys FILE` makes one, and so does `minisign -G`")
        };
        // The box takes any text; only opening it looks inside.
        if !text.starts_with("untrusted comment:") {
            return Err(no_key());
        }
        let read = |text: &str| SecretKeyBox::from_string(text).map_err(|_| no_key());
        if text.starts_with("untrusted comment:") && PublicKeyBox::from_string(&text).and_then(PublicKeyBox::into_public_key).is_ok() {
            return Err(Error::new(Kind::Configuration, format!("{} is a public key, and a secret one signs", key.display()))
                .with_hint("name the file without .pub"));
        }
        // An encrypted key is told by the refusal to take it as it is.
        if let Ok(key) = read(&text)?.into_unencrypted_secret_key() {
            return Ok(Self(key));
        }
        let password = password().ok_or_else(|| {
            Error::new(Kind::Configuration, format!("the key {} is encrypted, and there is no password", key.display()))
                .with_hint("set KAOHE_KEY_PASSWORD")
        })?;
        let opened = read(&text)?.into_secret_key(Some(password));
        opened.map(Self).map_err(|_| Error::new(Kind::Configuration, format!("the password does not open the key {}", key.display())))
    }

    /// Checks that this key has signed a file; the trusted comment.
    ///
    /// # Errors
    /// As [`verify`].
    pub fn verify(&self, file: &Path) -> Result<String> {
        let key = PublicKey::from_secret_key(&self.0).context(Kind::Bug, || "reading the public half of a key")?;
        verify_by(file, &key, "that is to sign")
    }

    /// Signs a file; the comment is part of what is signed.
    ///
    /// # Errors
    /// A file that can't be read or written.
    pub fn sign(&self, file: &Path, trusted_comment: &str) -> Result<()> {
        let doing = || format!("signing {}", file.display());
        let bytes = std::fs::read(file).context(Kind::Environment, doing)?;
        let public = PublicKey::from_secret_key(&self.0).context(Kind::Bug, doing)?;
        let signature = minisign::sign(Some(&public), &self.0, Cursor::new(bytes), Some(trusted_comment), Some("signature by kaohe"));
        replace_file(&signature_of(file), signature.context(Kind::Bug, doing)?.into_string().as_bytes())
    }
}

/// Checks the signature of a file against a public key; the trusted comment.
///
/// # Errors
/// No signature, no key, or a signature that is not of this file and key.
pub fn verify(file: &Path, public_key: &Path) -> Result<String> {
    let text = |path: &Path| std::fs::read_to_string(path).context(Kind::Configuration, || format!("reading {}", path.display()));
    let no_key = || Error::new(Kind::Configuration, format!("{} is no minisign public key", public_key.display()));
    let key = PublicKeyBox::from_string(&text(public_key)?).and_then(PublicKeyBox::into_public_key).map_err(|_| no_key())?;
    verify_by(file, &key, &public_key.display().to_string())
}

/// The same by a key that is read.
fn verify_by(file: &Path, key: &PublicKey, named: &str) -> Result<String> {
    let text = |path: &Path| std::fs::read_to_string(path).context(Kind::Configuration, || format!("reading {}", path.display()));
    let place = signature_of(file);
    let no_signature = || Error::new(Kind::Source, format!("{} is no minisign signature", place.display()));
    let signature = SignatureBox::from_string(&text(&place)?).map_err(|_| no_signature())?;
    let bytes = std::fs::read(file).context(Kind::Environment, || format!("reading {}", file.display()))?;
    minisign::verify(key, &signature, Cursor::new(bytes), true, false, false).map_err(|_| {
        Error::new(Kind::Source, format!("the signature {} is not of {} by the key {named}", place.display(), file.display()))
            .with_hint("the file was changed after it was signed, or somebody else signed it")
    })?;
    signature.trusted_comment().map_err(|_| no_signature())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_changed_and_another_key_do_not_verify() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("list.json"), "{}").expect("written");
        make_keys(&at("office.key"), None).expect("keys");
        make_keys(&at("other.key"), Some("word".to_owned())).expect("keys");
        let signer = Signer::read(&at("office.key"), || None).expect("a key");
        signer.sign(&at("list.json"), "sample panel").expect("signed");
        assert_eq!(verify(&at("list.json"), &at("office.key.pub")).expect("good"), "sample panel");
        assert!(verify(&at("list.json"), &at("other.key.pub")).expect_err("another key").to_string().contains("is not of"));
        std::fs::write(at("list.json"), "{ }").expect("written");
        assert!(verify(&at("list.json"), &at("office.key.pub")).expect_err("changed").to_string().contains("was changed"));
        assert!(make_keys(&at("office.key"), None).expect_err("kept").to_string().contains("exists already"));
    }

    #[test]
    fn an_encrypted_key_opens_with_its_password_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = folder.path().join("office.key");
        make_keys(&key, Some("right".to_owned())).expect("keys");
        let refused = |password: Option<&str>| Signer::read(&key, || password.map(str::to_owned)).err().expect("refused").to_string();
        assert!(refused(None).contains("KAOHE_KEY_PASSWORD"));
        assert!(refused(Some("wrong")).contains("does not open"));
        Signer::read(&key, || Some("right".to_owned())).expect("opens");
        std::fs::write(&key, "nonsense").expect("written");
        assert!(refused(None).contains("no minisign secret key"));
    }
}
