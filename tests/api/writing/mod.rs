//! Writing: patches, slugs, dry runs, deleting and restoring, sub-resources.

mod dry_run;
mod lifecycle;
mod parts;
mod patch;
mod slugs;
