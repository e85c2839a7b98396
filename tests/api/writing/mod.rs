//! Writing: patches, slugs, dry runs, deleting and restoring, parts.

mod lifecycle;
mod parts;
mod patch;
mod rehearsal;
mod slugs;
