//! GeoJSON (RFC 7946): a feature collection; each feature is a row with its location.

use std::io::Write;

use serde::Serialize;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::value::{Location, Places};
use vku_persistence::any_table::ExportRow;

use super::encoder::Encoder;

/// Encodes each row as a feature, one per line.
#[derive(Default)]
pub(super) struct GeoJsonEncoder {
    begun: bool,
}

#[derive(Serialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Point([f64; 2]),
    MultiPoint(Vec<[f64; 2]>),
}

/// The position, longitude first.
fn position(place: &Location) -> [f64; 2] {
    [place.longitude, place.latitude]
}

/// The geometry; `None` if the location is unknown.
fn geometry(places: &Places) -> Option<Geometry> {
    match places {
        Places::One(place) => place.as_ref().map(position).map(Geometry::Point),
        Places::Many(places) if places.is_empty() => None,
        Places::Many(places) => Some(Geometry::MultiPoint(places.iter().map(position).collect())),
    }
}

impl Encoder for GeoJsonEncoder {
    fn header(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend_from_slice(br#"{"type":"FeatureCollection","features":["#);
        Ok(())
    }

    fn row(&mut self, row: &ExportRow, out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend_from_slice(if self.begun { b",\n" } else { b"\n" });
        self.begun = true;
        let geometry = row.places.as_ref().and_then(geometry);
        write!(out, r#"{{"type":"Feature","id":"{}","geometry":"#, row.id).map_err(Error::internal)?;
        serde_json::to_writer(&mut *out, &geometry).map_err(Error::internal)?;
        out.extend_from_slice(br#","properties":"#);
        row.item.write_json(out)?;
        out.push(b'}');
        Ok(())
    }

    fn footer(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\n]}\n");
    }
}
