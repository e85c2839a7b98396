//! Value types: parsed once at the edge, right ever after. One type a file.

mod climate_zone;
mod country;
mod currency;
mod email;
mod figure;
mod language;
mod line;
mod localized;
mod location;
mod money;
mod partial_date;
mod sdg_target;
mod sector;
mod slug;
mod text_block;
mod url;
mod visibility;
mod working_area;

pub use climate_zone::ClimateZone;
pub use country::Country;
pub use currency::Currency;
pub use email::Email;
pub use figure::Figure;
pub use language::Language;
pub use line::Line;
pub use localized::Localized;
pub use location::Location;
pub use money::Money;
pub use partial_date::PartialDate;
pub use sdg_target::SdgTarget;
pub use sector::Sector;
pub use slug::Slug;
pub use text_block::Text;
pub use url::WebUrl;
pub use visibility::Visibility;
pub use working_area::WorkingArea;
