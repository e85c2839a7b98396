//! Exports: every list in every format.

mod headings;
