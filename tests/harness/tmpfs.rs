//! A small disk: a file system in memory, mounted over a folder.
//!
//! Only root may mount, and not in every container, so [`Tmpfs::over`] answers `None` where that is refused, and panics
//! instead when `VKU_REQUIRE_TMPFS=1` says that this machine must be able to.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The disk, until it is dropped.
pub(crate) struct Tmpfs(PathBuf);

impl Tmpfs {
    /// Mounts it over a folder, with so many KiB.
    pub(crate) fn over(folder: &Path, kib: u64) -> Option<Self> {
        if mounted(folder, &format!("size={kib}k")) {
            return Some(Self(folder.to_owned()));
        }
        let required = std::env::var("VKU_REQUIRE_TMPFS").is_ok_and(|value| value == "1");
        assert!(!required, "VKU_REQUIRE_TMPFS=1, but no tmpfs can be mounted: run the tests as root");
        println!("skipped: no tmpfs can be mounted here");
        None
    }

    /// Whether it can be mounted here.
    pub(crate) fn is_possible() -> bool {
        let folder = tempfile::TempDir::new().unwrap();
        Self::over(folder.path(), 64).is_some()
    }

    /// Gives it another size.
    pub(crate) fn resize(&self, kib: u64) {
        assert!(mounted(&self.0, &format!("remount,size={kib}k")));
    }

    /// Fills what is left with a file.
    pub(crate) fn fill(&self) {
        use std::io::Write;
        let mut file = std::fs::File::create(self.ballast()).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
    }

    /// Gives the room back that was filled.
    pub(crate) fn empty(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

/// Where tests keep databases: in memory, where there is room, because PostgreSQL makes hundreds of files for each.
pub(crate) fn scratch() -> PathBuf {
    const ROOM: u64 = 4 << 30;
    let memory = Path::new("/dev/shm");
    match rustix::fs::statvfs(memory) {
        Ok(found) if found.f_bavail * found.f_frsize >= ROOM => memory.to_owned(),
        _ => std::env::temp_dir(),
    }
}

fn mounted(folder: &Path, options: &str) -> bool {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder);
    mount.output().is_ok_and(|done| done.status.success())
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily: whoever still has a file open there keeps nothing else from going on.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}
