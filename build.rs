//! Looks for libpcap, so that live capture is built in where it can be linked and left out, with a warning, where not.
//!
//! The rest of ftpscope reads captures without libpcap, so one `cargo build` works on every machine.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    for variable in ["FTPSCOPE_REQUIRE_LIVE", "LIBPCAP_LIBDIR", "PKG_CONFIG_PATH"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_LIVE").is_none() {
        return;
    }
    if let Some(library) = Library::find() {
        if let Some(folder) = library.search {
            println!("cargo::rustc-link-search=native={}", folder.display());
        }
        if let Some(file) = library.file {
            println!("cargo::rerun-if-changed={}", file.display());
        }
        println!("cargo::rustc-cfg=live_capture");
    } else {
        // It is renewed whenever a library is installed: then it is worth looking again.
        if Path::new(LINKER_CACHE).exists() {
            println!("cargo::rerun-if-changed={LINKER_CACHE}");
        }
        if env::var_os("FTPSCOPE_REQUIRE_LIVE").is_some_and(|value| value == "1") {
            println!("cargo::error={NOT_FOUND}");
        } else {
            println!("cargo::warning={NOT_FOUND}");
        }
    }
}

const NOT_FOUND: &str = "libpcap was not found, so this build has no live capture (reading files works). To have it: \
    sudo apt install libpcap-dev (Debian, Ubuntu), sudo dnf install libpcap-devel (Fedora), or LIBPCAP_LIBDIR=FOLDER, \
    and build again";

/// What the dynamic linker knows of all libraries.
const LINKER_CACHE: &str = "/etc/ld.so.cache";

/// A libpcap that can be linked.
#[derive(Default)]
struct Library {
    /// The folder that the linker must be told of; none where it finds the library by itself.
    search: Option<PathBuf>,
    /// The library, where its place is known: if it goes away, it must be looked for again.
    file: Option<PathBuf>,
}

impl Library {
    fn find() -> Option<Self> {
        // The pcap crate's own build script passes this one on.
        if env::var_os("LIBPCAP_LIBDIR").is_some() {
            return Some(Self::default());
        }
        if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("macos") {
            // It is part of the system, without a file that could be looked for.
            return Some(Self::default());
        }
        if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("windows") {
            // Npcap's import library comes with its SDK, whose place LIBPCAP_LIBDIR tells.
            return None;
        }
        if env::var_os("HOST") != env::var_os("TARGET") {
            // Libraries of this machine are of no use to another one.
            return pkg_config();
        }
        pkg_config().or_else(development_library).or_else(runtime_library)
    }
}

/// By pkg-config, which is there where people compile.
fn pkg_config() -> Option<Library> {
    let program = env::var_os("PKG_CONFIG").unwrap_or_else(|| OsString::from("pkg-config"));
    let output = Command::new(program).args(["--libs-only-L", "libpcap"]).output().ok()?;
    if !output.status.success() {
        return None;
    }
    let flags = String::from_utf8(output.stdout).ok()?;
    let search = flags.split_whitespace().find_map(|flag| flag.strip_prefix("-L")).map(PathBuf::from);
    Some(Library { search, file: None })
}

/// By the file that the linker looks for.
fn development_library() -> Option<Library> {
    let folder = folders().into_iter().find(|folder| folder.join("libpcap.so").exists())?;
    let file = folder.join("libpcap.so");
    Some(Library { search: Some(folder), file: Some(file) })
}

/// By the file that programs run with: a link to it under the name that the linker looks for serves as well, as no
/// header is needed.
fn runtime_library() -> Option<Library> {
    const NAMES: [&str; 2] = ["libpcap.so.1", "libpcap.so.0.8"];
    let in_folders = || {
        let folders = folders();
        folders.into_iter().flat_map(|folder| NAMES.map(|name| folder.join(name))).find(|path| path.exists())
    };
    let library = in_folders().or_else(|| by_ldconfig(&NAMES))?;
    let folder = PathBuf::from(env::var_os("OUT_DIR")?);
    let link = folder.join("libpcap.so");
    // What an earlier build left may point to a library that is gone.
    let _ = fs::remove_file(&link);
    symlink(&library, &link)?;
    Some(Library { search: Some(folder), file: Some(library) })
}

#[cfg(unix)]
fn symlink(library: &Path, link: &Path) -> Option<()> {
    std::os::unix::fs::symlink(library, link).ok()
}

#[cfg(not(unix))]
fn symlink(_library: &Path, _link: &Path) -> Option<()> {
    None
}

/// The folders of libraries of this machine, for programs of its own word size.
fn folders() -> Vec<PathBuf> {
    let architecture = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let environment = env::var("CARGO_CFG_TARGET_ENV").unwrap_or_default();
    let wide = env::var("CARGO_CFG_TARGET_POINTER_WIDTH").is_ok_and(|width| width == "64");
    let mut folders = Vec::new();
    for base in ["/usr/lib", "/lib", "/usr/local/lib"] {
        folders.push(PathBuf::from(format!("{base}/{architecture}-linux-{environment}")));
        if wide {
            folders.push(PathBuf::from(format!("{base}64")));
        }
        folders.push(PathBuf::from(base));
    }
    folders
}

/// By the cache of the dynamic linker, which knows folders that are configured.
fn by_ldconfig(names: &[&str]) -> Option<PathBuf> {
    let run =
        |program| Command::new(program).arg("-p").output().ok().filter(|output| output.status.success());
    let output = run("ldconfig").or_else(|| run("/sbin/ldconfig"))?;
    let listing = String::from_utf8(output.stdout).ok()?;
    let wide = if env::var("CARGO_CFG_TARGET_POINTER_WIDTH").ok()? == "64" { "64" } else { "" };
    listing.lines().find_map(|line| {
        let (name, path) = line.trim().split_once(" => ")?;
        let (name, kind) = name.split_once(' ')?;
        let fits = names.contains(&name) && kind.contains(wide);
        Some(PathBuf::from(path)).filter(|path| fits && path.exists())
    })
}
