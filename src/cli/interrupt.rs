//! What an interrupt (SIGINT, SIGTERM) does.

use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit code of what is ended by a second interrupt: 128 and the number of SIGINT, as shells have it.
const INTERRUPTED: i32 = 130;

/// A flag that the first interrupt sets, so that long work ends in order. The second one ends the process at once, whatever
/// it is in the middle of: what is half-written has a name of its own.
pub(super) fn interrupted() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let own = Arc::clone(&flag);
    // If the handler cannot be set, the first interrupt ends the process at once, which is as good.
    let _ = ctrlc::set_handler(move || {
        if own.swap(true, Ordering::Relaxed) {
            exit(INTERRUPTED);
        }
    });
    flag
}
