//! iCalendar (RFC 5545): an event for each row.

use vku_domain::kernel::error::Error;
use vku_domain::kernel::icalendar::{Calendar, NAME};
use vku_persistence::any_table::ExportRow;

use super::encoder::Encoder;

/// Encodes each row as an event.
#[derive(Default)]
pub(super) struct IcsEncoder(Calendar);

impl Encoder for IcsEncoder {
    fn header(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.0.begin(NAME, out);
        Ok(())
    }

    fn row(&mut self, row: &ExportRow, _out: &mut Vec<u8>) -> Result<(), Error> {
        if let Some(event) = &row.event {
            self.0.event(event);
        }
        Ok(())
    }

    fn footer(&mut self, out: &mut Vec<u8>) {
        self.0.end(out);
    }
}
