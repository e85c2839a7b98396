//! A small disk: a tmpfs that is mounted over a folder.
//!
//! Only root can mount it, and not in every container. [`Tmpfs::over`] returns `None` if it cannot be mounted, and
//! panics instead with `VKU_REQUIRE_TMPFS=1`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::skip;

/// A mounted tmpfs. Dropping it unmounts it.
pub(crate) struct Tmpfs(PathBuf);

impl Tmpfs {
    /// Mounts a tmpfs of this many KiB over a folder.
    pub(crate) fn over(folder: &Path, kib: u64) -> Option<Self> {
        if mounted(folder, &format!("size={kib}k")) {
            return Some(Self(folder.to_owned()));
        }
        let required = std::env::var("VKU_REQUIRE_TMPFS").is_ok_and(|value| value == "1");
        assert!(!required, "VKU_REQUIRE_TMPFS=1, but no tmpfs can be mounted: run the tests as root");
        skip("a full disk: no tmpfs can be mounted (only root can, and not in every container)");
        None
    }

    /// Whether a tmpfs can be mounted on this machine.
    pub(crate) fn is_possible() -> bool {
        let folder = tempfile::TempDir::new().unwrap();
        mounted(folder.path(), "size=64k").then(|| Self(folder.path().to_owned())).is_some()
    }

    pub(crate) fn resize(&self, kib: u64) {
        assert!(mounted(&self.0, &format!("remount,size={kib}k")));
    }

    /// Fills the free space with a file.
    pub(crate) fn fill(&self) {
        let mut file = std::fs::File::options().create(true).append(true).open(self.ballast()).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
    }

    /// Fills the free space but for this many KiB, with the same file.
    pub(crate) fn fill_to(&self, kib: u64) {
        let mut file = std::fs::File::options().create(true).append(true).open(self.ballast()).unwrap();
        let is_free = || {
            let disk = rustix::fs::statvfs(&self.0).unwrap();
            disk.f_bavail * disk.f_bsize > kib * 1024
        };
        while is_free() {
            file.write_all(&[1; 4096]).unwrap();
        }
    }

    /// Removes the file that [`Self::fill`] wrote.
    pub(crate) fn empty(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

/// The directory for databases: in memory if there is enough room, because PostgreSQL creates hundreds of files for
/// each database.
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
        // Lazily, because a file may still be open there.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}
