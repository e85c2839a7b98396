//! Says at the end of the run what could not be tested on this machine.
//!
//! Tests that are skipped pass, and the output of tests that pass is not shown.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// Reads one line for each skipped test until this process ends, and then prints how often each line occurred. Only a
/// process of its own can do that, because libtest ends this one without a word to the tests.
const REPORT: &str = r#"
trap '' HUP INT PIPE TERM
skipped=$(sort | uniq -c | sed 's/^ *\([0-9]*\) /    \1 × /')
printf '\n======== NOT TESTED ON THIS MACHINE ========\n%s\n============================================\n\n' "$skipped"
"#;

/// Counts the current test as skipped. The reason is a single line.
pub(crate) fn skip(reason: &str) {
    static REPORTER: OnceLock<Mutex<ChildStdin>> = OnceLock::new();

    let reporter = REPORTER.get_or_init(|| {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", REPORT]).stdin(Stdio::piped()).stdout(std::io::stderr());
        // In a process group of its own: Ctrl-C is meant for the tests only.
        #[expect(clippy::zombie_processes, reason = "it outlives this process")]
        let shell = shell.process_group(0).spawn().unwrap();
        Mutex::new(shell.stdin.unwrap())
    });
    writeln!(reporter.lock().unwrap(), "{reason}").unwrap();
}
