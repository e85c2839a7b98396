//! Working areas, with the initial ones.

use sea_orm::prelude::{DateTimeUtc, Uuid};
use serde_json::json;

use crate::columns::{json, resource, text};
use crate::prelude::*;

/// The creation time of the initial working areas: the same in every database, as are their ids.
const AT: u32 = 1_795_305_600;
const AT_TEXT: &str = "2026-11-22T00:00:00.000000Z";

crate::migration!(manager => {
    let table = resource("working_area")
        .col(text(manager, "slug").unique_key())
        .col(text(manager, "label"))
        .col(json("labels"))
        .take();
    manager.create_table(table).await?;

    let at = DateTimeUtc::from_timestamp(AT.into(), 0).unwrap_or_default();
    let mut areas = Query::insert()
        .into_table("working_area")
        .columns(["id", "version", "created_at", "updated_at", "slug", "label", "labels"])
        .take();
    let mut slugs = Query::insert().into_table("slug").columns(["resource", "slug", "resource_id"]).take();
    let mut changes = Query::insert()
        .into_table("change")
        .columns(["at", "request_id", "resource", "resource_id", "action", "version", "visibility", "state"])
        .take();
    for (number, (code, de, en)) in (1..).zip(AREAS) {
        let (id, labels) = (id(number), json!({"de": de, "en": en}));
        let state = json!({
            "id": id.to_string(), "slug": code, "label": &labels, "code": code,
            "created_at": AT_TEXT, "updated_at": AT_TEXT, "version": 1
        });
        areas.values_panic([
            id.into(), 1_i64.into(), at.into(), at.into(), (*code).into(), (*en).into(), labels.into(),
        ]);
        slugs.values_panic(["working_area".into(), (*code).into(), id.into()]);
        changes.values_panic([
            at.into(), crate::SCHEMA.into(), "working_area".into(), id.into(), "created".into(), 1_i64.into(),
            "public".into(), state.into(),
        ]);
    }
    manager.execute(areas).await?;
    manager.execute(slugs).await?;
    manager.execute(changes).await
});

/// A UUIDv7 with this time, and a number in place of the random bits.
fn id(number: u128) -> Uuid {
    Uuid::from_u128((u128::from(AT) * 1000) << 80 | 7 << 76 | 2 << 62 | number)
}

/// Code, German label, English label; ordered by code.
const AREAS: &[(&str, &str, &str)] = &[
    ("asset-management", "Anlagenmanagement (Asset Management)", "Asset management"),
    ("awareness-raising", "Bewusstseinsbildung", "Awareness raising"),
    ("benchmarking", "Benchmarking", "Benchmarking"),
    ("billing-and-collection", "Abrechnung und Forderungseinzug", "Billing and collection"),
    ("climate-adaptation", "Anpassung an den Klimawandel", "Climate adaptation"),
    ("composting", "Kompostierung", "Composting"),
    ("customer-service", "Kundenservice", "Customer service"),
    ("data-management", "Datenmanagement", "Data management"),
    ("digitalisation", "Digitalisierung", "Digitalisation"),
    ("disinfection", "Desinfektion", "Disinfection"),
    ("drinking-water-supply", "Trinkwasserversorgung", "Drinking-water supply"),
    ("emergency-repair", "Notinstandsetzung", "Emergency repair"),
    ("energy-efficiency", "Energieeffizienz", "Energy efficiency"),
    ("environmental-education", "Umweltbildung", "Environmental education"),
    ("faecal-sludge-management", "Fäkalschlammmanagement", "Faecal sludge management"),
    ("gis", "Geoinformationssysteme (GIS)", "Geographic information systems (GIS)"),
    ("human-resources", "Personalwesen", "Human resources"),
    ("hydraulic-modelling", "Hydraulische Modellierung", "Hydraulic modelling"),
    ("laboratory", "Labor", "Laboratory"),
    ("landfill-operation", "Deponiebetrieb", "Landfill operation"),
    ("measurement-technology", "Mess- und Regeltechnik", "Measurement and control technology"),
    ("non-revenue-water", "Wasserverluste (Non-Revenue Water)", "Non-revenue water"),
    ("operations-and-maintenance", "Betrieb und Instandhaltung", "Operation and maintenance"),
    ("process-optimisation", "Prozessoptimierung", "Process optimisation"),
    ("procurement", "Beschaffung und Vergabe", "Procurement"),
    ("pumps", "Pumpen und Pumpwerke", "Pumps and pumping stations"),
    ("recycling", "Recycling", "Recycling"),
    ("renewable-energy", "Erneuerbare Energien", "Renewable energy"),
    ("separate-waste-collection", "Getrennte Abfallsammlung", "Separate waste collection"),
    ("sewer-inspection", "Kanalinspektion und -sanierung", "Sewer inspection and rehabilitation"),
    ("sludge-management", "Klärschlammbehandlung", "Sludge management"),
    ("smart-metering", "Intelligente Messsysteme (Smart Metering)", "Smart metering"),
    ("stormwater-management", "Regenwasserbewirtschaftung", "Stormwater management"),
    ("strategic-planning", "Strategische Planung", "Strategic planning"),
    ("tariffs", "Tarife und Kostendeckung", "Tariffs and cost recovery"),
    ("training", "Aus- und Weiterbildung", "Vocational and further training"),
    ("waste-collection", "Abfallsammlung und -transport", "Waste collection and transport"),
    ("waste-management-planning", "Abfallwirtschaftsplanung", "Waste management planning"),
    ("wastewater-treatment", "Abwasserbehandlung", "Wastewater treatment"),
    ("water-demand-management", "Steuerung des Wasserbedarfs", "Water demand management"),
    ("water-purification", "Wasseraufbereitung", "Water purification"),
    ("water-quality", "Wasserqualität und ihre Überwachung", "Water quality and its monitoring"),
    ("water-reuse", "Wasserwiederverwendung", "Water reuse"),
    ("water-security", "Sicherung der Wasserversorgung", "Water security"),
    ("water-storage", "Wasserspeicherung", "Water storage"),
];
