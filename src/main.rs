//! The command-line program `stratosim`.

fn main() {}
