//! The command-line program `stratosim`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stratosim::cli::main()
}
