//! Arguments of `ftpscope extract`.

use std::path::PathBuf;

use clap::ValueHint;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::{AnalysisArgs, InputArgs};
use crate::cli::values::Size;
use crate::export::ManifestForm;
use crate::extract::{Glob, Layout, Wanted};

/// `ftpscope extract`.
#[derive(Debug, clap::Args)]
pub struct ExtractArgs {
    /// Input.
    #[command(flatten)]
    pub input: InputArgs,
    /// Analysis.
    #[command(flatten)]
    pub analysis: AnalysisArgs,
    /// What is extracted and where to.
    #[command(flatten)]
    pub extraction: ExtractionArgs,
}

/// What is extracted, and where to.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Extraction")]
pub struct ExtractionArgs {
    /// Folder for the files and their manifest; made if it is not there
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: PathBuf,
    /// Extract files, listings or all
    #[arg(long, value_name = "WHAT", default_value = "files", value_parser = wanted())]
    pub what: Wanted,
    /// Only what has such a name on the server, or such a path; * and ? stand for any text, any character
    #[arg(long, value_name = "GLOB")]
    pub name: Option<Glob>,
    /// Only what is at least so large, e.g. 10K
    #[arg(long, value_name = "SIZE")]
    pub min_size: Option<Size>,
    /// Keep at most so much of each file
    #[arg(long, value_name = "SIZE")]
    pub max_file: Option<Size>,
    /// Keep at most so much in all
    #[arg(long, value_name = "SIZE")]
    pub max_total: Option<Size>,
    /// Only what is of a media type that begins so, e.g. image/; may be repeated
    #[arg(long, value_name = "TYPE")]
    pub mime: Vec<String>,
    /// Call files by server, user and path, or by the SHA-256 of their content
    #[arg(long, value_name = "LAYOUT", default_value = "path", value_parser = layout())]
    pub by: Layout,
    /// Write the same content each time that it was transferred
    #[arg(long)]
    pub keep_duplicates: bool,
    /// Put SHA-1 and MD5 into the manifest as well
    #[arg(long)]
    pub old_digests: bool,
    /// Format of the manifest
    #[arg(short = 'T', long, value_name = "FORMAT", default_value = "jsonl", value_parser = form())]
    pub format: ManifestForm,
}

fn wanted() -> impl TypedValueParser<Value = Wanted> {
    PossibleValuesParser::new(Wanted::NAMES.iter().copied()).try_map(|name| name.parse::<Wanted>())
}

fn layout() -> impl TypedValueParser<Value = Layout> {
    PossibleValuesParser::new(Layout::NAMES.iter().copied()).try_map(|name| name.parse::<Layout>())
}

fn form() -> impl TypedValueParser<Value = ManifestForm> {
    PossibleValuesParser::new(ManifestForm::NAMES.iter().copied())
        .try_map(|name| name.parse::<ManifestForm>())
}
