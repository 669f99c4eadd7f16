//! Finds out whether live capture can be built: whether libpcap can be linked.
//!
//! Sets `cfg(live_capture)` if it can. Nothing in the crate names `pcap` without it, so that without libpcap the program
//! still links, and only live capture is missing. Headers are never needed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Names of the library: that of a development package, then the runtime ones of Fedora and of Debian.
const RUNTIME_NAMES: [&str; 2] = ["libpcap.so.1", "libpcap.so.0.8"];

const ADVICE: &str = "libpcap was not found, so this build has no live capture; reading files is not affected. To get \
                      it, install libpcap-dev (Debian, Ubuntu) or libpcap-devel (Fedora) and build again after `cargo \
                      clean -p ftpscope`; LIBPCAP_LIBDIR names the library's directory if it is in none of the usual \
                      ones";

fn main() -> ExitCode {
    println!("cargo::rustc-check-cfg=cfg(live_capture)");
    println!("cargo::rerun-if-changed=build.rs");
    for variable in ["FTPSCOPE_REQUIRE_LIVE", "LIBPCAP_LIBDIR", "PKG_CONFIG_PATH"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let is_required =
        env::var_os("FTPSCOPE_REQUIRE_LIVE").is_some_and(|value| !value.is_empty() && value != "0");
    if env::var_os("CARGO_FEATURE_LIVE").is_none() {
        if is_required {
            println!("cargo::error=FTPSCOPE_REQUIRE_LIVE is set, but the feature `live` is turned off");
            return ExitCode::FAILURE;
        }
        return ExitCode::SUCCESS;
    }
    if is_linkable() {
        println!("cargo::rustc-cfg=live_capture");
    } else if is_required {
        println!("cargo::error={ADVICE} (FTPSCOPE_REQUIRE_LIVE is set)");
        return ExitCode::FAILURE;
    } else {
        println!("cargo::warning={ADVICE}");
    }
    ExitCode::SUCCESS
}

/// Whether `-lpcap` will be found, if need be with some help.
fn is_linkable() -> bool {
    match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        // Every SDK has it.
        Ok("macos") => return true,
        // Npcap is not tried.
        Ok("windows") => return false,
        _ => {}
    }
    if let Some(directory) = env::var_os("LIBPCAP_LIBDIR") {
        // The build script of `pcap` passes it to the linker.
        return ["libpcap.so", "libpcap.a"].iter().any(|name| Path::new(&directory).join(name).exists());
    }
    if pkg_config::Config::new().cargo_metadata(false).probe("libpcap").is_ok() {
        return true;
    }
    // A library of this machine is of no use for another.
    if env::var_os("HOST") != env::var_os("TARGET") {
        return false;
    }
    let directories = library_directories();
    if directories.iter().any(|directory| directory.join("libpcap.so").exists()) {
        return true;
    }
    let runtime = RUNTIME_NAMES
        .iter()
        .flat_map(|name| directories.iter().map(move |directory| directory.join(name)))
        .find(|path| path.exists());
    runtime.or_else(known_to_the_loader).is_some_and(|library| give_it_the_linkers_name(&library))
}

/// Where libraries usually are.
fn library_directories() -> Vec<PathBuf> {
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let env = env::var("CARGO_CFG_TARGET_ENV").unwrap_or_default();
    let triple = format!("{arch}-linux-{env}");
    ["/usr/local/lib", "/usr/lib", "/lib", "/usr/lib64", "/lib64"]
        .into_iter()
        .flat_map(|directory| [PathBuf::from(directory).join(&triple), PathBuf::from(directory)])
        .collect()
}

/// The library as the dynamic loader knows it.
fn known_to_the_loader() -> Option<PathBuf> {
    let output = ["ldconfig", "/sbin/ldconfig"]
        .into_iter()
        .find_map(|program| Command::new(program).arg("-p").output().ok())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .filter(|line| line.trim_start().starts_with("libpcap.so"))
        .filter_map(|line| line.rsplit_once(" => "))
        .map(|(_, path)| PathBuf::from(path.trim()))
        .find(|path| path.exists())
}

/// Links `libpcap.so`, the name that `-lpcap` looks for, to a runtime library.
fn give_it_the_linkers_name(library: &Path) -> bool {
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else { return false };
    let link = out.join("libpcap.so");
    // It may be there from an earlier run, and point elsewhere.
    drop(fs::remove_file(&link));
    let is_made = make_link(library, &link);
    if is_made {
        println!("cargo::rustc-link-search=native={}", out.display());
    }
    is_made
}

#[cfg(unix)]
fn make_link(library: &Path, link: &Path) -> bool {
    std::os::unix::fs::symlink(library, link).is_ok()
}

#[cfg(not(unix))]
fn make_link(_library: &Path, _link: &Path) -> bool {
    false
}
