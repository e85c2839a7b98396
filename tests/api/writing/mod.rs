//! Writing: patches, slugs, rehearsals, deleting and bringing back, parts.

mod lifecycle;
mod parts;
mod patch;
mod rehearsal;
mod slugs;
