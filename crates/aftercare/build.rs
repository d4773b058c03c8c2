//! Embeds the web app as `make web` has built it; without it, nothing: the service then says how to build it.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    // Asked for when this runs, not when it was compiled: clones may share a target folder.
    let own = env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| io::Error::other("CARGO_MANIFEST_DIR"))?;
    let web = Path::new(&own).join("../../web");
    let dist = web.join("dist");
    let watched = if dist.is_dir() { &dist } else { &web };
    // How a build script speaks to cargo.
    writeln!(io::stdout(), "cargo::rerun-if-changed={}", watched.display())?;
    let mut files = Vec::new();
    if dist.is_dir() {
        walk(&dist, &mut files)?;
    } else if env::var_os("CARGO_FEATURE_WEB").is_some() {
        return Err(io::Error::other("the feature `web` needs web/dist: run `make web` first"));
    }
    files.sort();
    let mut list = String::from("[");
    for file in &files {
        let name = file.strip_prefix(&dist).map_err(io::Error::other)?;
        // A list of names and contents; writing to a string does not fail.
        let (name, file) = (name.display().to_string(), file.display().to_string());
        let _ = write!(list, "({name:?}, include_bytes!({file:?}).as_slice()),");
    }
    list.push(']');
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR"))?;
    fs::write(PathBuf::from(out).join("web.rs"), list)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
