//! Climate zones. Utilities in a similar climate have similar problems.

use crate::string_enum;

string_enum! {
    /// A climate zone: one of the 30 classes of the Köppen–Geiger classification (Beck et al., 2018).
    ClimateZone {
        /// Tropical, rainforest.
        Af = "Af",
        /// Tropical, monsoon.
        Am = "Am",
        /// Tropical, savannah with a dry winter.
        Aw = "Aw",
        /// Arid, hot desert.
        BWh = "BWh",
        /// Arid, cold desert.
        BWk = "BWk",
        /// Arid, hot steppe.
        BSh = "BSh",
        /// Arid, cold steppe.
        BSk = "BSk",
        /// Temperate, dry and hot summer (Mediterranean).
        Csa = "Csa",
        /// Temperate, dry and warm summer (Mediterranean).
        Csb = "Csb",
        /// Temperate, dry and cold summer.
        Csc = "Csc",
        /// Temperate, dry winter, hot summer.
        Cwa = "Cwa",
        /// Temperate, dry winter, warm summer.
        Cwb = "Cwb",
        /// Temperate, dry winter, cold summer.
        Cwc = "Cwc",
        /// Temperate, no dry season, hot summer.
        Cfa = "Cfa",
        /// Temperate, no dry season, warm summer (oceanic; most of Germany).
        Cfb = "Cfb",
        /// Temperate, no dry season, cold summer.
        Cfc = "Cfc",
        /// Continental, dry and hot summer.
        Dsa = "Dsa",
        /// Continental, dry and warm summer.
        Dsb = "Dsb",
        /// Continental, dry and cold summer.
        Dsc = "Dsc",
        /// Continental, dry summer, very cold winter.
        Dsd = "Dsd",
        /// Continental, dry winter, hot summer.
        Dwa = "Dwa",
        /// Continental, dry winter, warm summer.
        Dwb = "Dwb",
        /// Continental, dry winter, cold summer.
        Dwc = "Dwc",
        /// Continental, dry and very cold winter.
        Dwd = "Dwd",
        /// Continental, no dry season, hot summer.
        Dfa = "Dfa",
        /// Continental, no dry season, warm summer (most of Ukraine).
        Dfb = "Dfb",
        /// Continental, no dry season, cold summer.
        Dfc = "Dfc",
        /// Continental, no dry season, very cold winter.
        Dfd = "Dfd",
        /// Polar, tundra.
        ET = "ET",
        /// Polar, frost.
        EF = "EF",
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
