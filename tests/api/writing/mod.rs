//! Writing: patches, slugs, dry runs, deleting and restoring, sub-resources.

mod dry_run;
mod group_commit;
mod lifecycle;
mod patch;
mod slugs;
mod statements;
mod sub_resources;
