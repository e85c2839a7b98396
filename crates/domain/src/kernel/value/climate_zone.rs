//! Climate zones. Utilities in a similar climate have similar problems.

use crate::string_enum;

string_enum! {
    /// A climate zone: one of the 30 classes of the Köppen–Geiger classification (Beck et al., 2018).
    ClimateZone in "climate-zones" {
        /// Tropical, rainforest.
        Af = "Af" ("Tropical, rainforest", "Tropisch, Regenwald"),
        /// Tropical, monsoon.
        Am = "Am" ("Tropical, monsoon", "Tropisch, Monsun"),
        /// Tropical, savannah with a dry winter.
        Aw = "Aw" ("Tropical, savannah with a dry winter", "Tropisch, Savanne mit trockenem Winter"),
        /// Arid, hot desert.
        BWh = "BWh" ("Arid, hot desert", "Trocken, heiße Wüste"),
        /// Arid, cold desert.
        BWk = "BWk" ("Arid, cold desert", "Trocken, kalte Wüste"),
        /// Arid, hot steppe.
        BSh = "BSh" ("Arid, hot steppe", "Trocken, heiße Steppe"),
        /// Arid, cold steppe.
        BSk = "BSk" ("Arid, cold steppe", "Trocken, kalte Steppe"),
        /// Temperate, dry and hot summer (Mediterranean).
        Csa = "Csa" ("Temperate, dry and hot summer (Mediterranean)", "Gemäßigt, trockener und heißer Sommer (mediterran)"),
        /// Temperate, dry and warm summer (Mediterranean).
        Csb = "Csb" ("Temperate, dry and warm summer (Mediterranean)", "Gemäßigt, trockener und warmer Sommer (mediterran)"),
        /// Temperate, dry and cold summer.
        Csc = "Csc" ("Temperate, dry and cold summer", "Gemäßigt, trockener und kühler Sommer"),
        /// Temperate, dry winter, hot summer.
        Cwa = "Cwa" ("Temperate, dry winter, hot summer", "Gemäßigt, trockener Winter, heißer Sommer"),
        /// Temperate, dry winter, warm summer.
        Cwb = "Cwb" ("Temperate, dry winter, warm summer", "Gemäßigt, trockener Winter, warmer Sommer"),
        /// Temperate, dry winter, cold summer.
        Cwc = "Cwc" ("Temperate, dry winter, cold summer", "Gemäßigt, trockener Winter, kühler Sommer"),
        /// Temperate, no dry season, hot summer.
        Cfa = "Cfa" ("Temperate, no dry season, hot summer", "Gemäßigt, immerfeucht, heißer Sommer"),
        /// Temperate, no dry season, warm summer (oceanic; most of Germany).
        Cfb = "Cfb" ("Temperate, no dry season, warm summer (oceanic)", "Gemäßigt, immerfeucht, warmer Sommer (ozeanisch)"),
        /// Temperate, no dry season, cold summer.
        Cfc = "Cfc" ("Temperate, no dry season, cold summer", "Gemäßigt, immerfeucht, kühler Sommer"),
        /// Continental, dry and hot summer.
        Dsa = "Dsa" ("Continental, dry and hot summer", "Kontinental, trockener und heißer Sommer"),
        /// Continental, dry and warm summer.
        Dsb = "Dsb" ("Continental, dry and warm summer", "Kontinental, trockener und warmer Sommer"),
        /// Continental, dry and cold summer.
        Dsc = "Dsc" ("Continental, dry and cold summer", "Kontinental, trockener und kühler Sommer"),
        /// Continental, dry summer, very cold winter.
        Dsd = "Dsd" ("Continental, dry summer, very cold winter", "Kontinental, trockener Sommer, sehr kalter Winter"),
        /// Continental, dry winter, hot summer.
        Dwa = "Dwa" ("Continental, dry winter, hot summer", "Kontinental, trockener Winter, heißer Sommer"),
        /// Continental, dry winter, warm summer.
        Dwb = "Dwb" ("Continental, dry winter, warm summer", "Kontinental, trockener Winter, warmer Sommer"),
        /// Continental, dry winter, cold summer.
        Dwc = "Dwc" ("Continental, dry winter, cold summer", "Kontinental, trockener Winter, kühler Sommer"),
        /// Continental, dry and very cold winter.
        Dwd = "Dwd" ("Continental, dry and very cold winter", "Kontinental, trockener und sehr kalter Winter"),
        /// Continental, no dry season, hot summer.
        Dfa = "Dfa" ("Continental, no dry season, hot summer", "Kontinental, immerfeucht, heißer Sommer"),
        /// Continental, no dry season, warm summer (most of Ukraine).
        Dfb = "Dfb" ("Continental, no dry season, warm summer", "Kontinental, immerfeucht, warmer Sommer"),
        /// Continental, no dry season, cold summer.
        Dfc = "Dfc" ("Continental, no dry season, cold summer", "Kontinental, immerfeucht, kühler Sommer"),
        /// Continental, no dry season, very cold winter.
        Dfd = "Dfd" ("Continental, no dry season, very cold winter", "Kontinental, immerfeucht, sehr kalter Winter"),
        /// Polar, tundra.
        ET = "ET" ("Polar, tundra", "Polar, Tundra"),
        /// Polar, frost.
        EF = "EF" ("Polar, frost", "Polar, Eisklima"),
    }
}

#[cfg(test)]
mod tests {
    use super::ClimateZone;

    #[test]
    fn all_30_classes_survive_a_round_trip() {
        assert_eq!(ClimateZone::ALL.len(), 30);
        assert!(ClimateZone::ALL.iter().all(|zone| zone.as_str().parse() == Ok(*zone)));
    }

    #[test]
    fn codes_are_case_sensitive() {
        let detail = "cfb".parse::<ClimateZone>().map_err(|fault| fault.detail);
        assert!(detail.is_err_and(|detail| detail.en.contains("Did you mean `Cfb`?")));
    }
}
