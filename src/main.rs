//! The command line program `ftpscope`.

fn main() {}
