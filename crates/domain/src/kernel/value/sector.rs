//! Sectors (Sparten).

use crate::string_enum;

string_enum! {
    /// A sector in which a utility works (German: Sparte).
    Sector {
        /// Drinking water: abstraction, treatment and supply.
        Water = "water",
        /// Wastewater and stormwater: sewers, treatment, sludge.
        Wastewater = "wastewater",
        /// Waste: collection, street cleaning, recycling, treatment and disposal.
        Waste = "waste",
        /// Electricity and gas: generation, networks and supply.
        Energy = "energy",
        /// District heating and cooling.
        DistrictHeating = "district_heating",
        /// Public transport.
        PublicTransport = "public_transport",
        /// Telecommunications, mainly fibre networks.
        Telecommunications = "telecommunications",
    }
}

#[cfg(test)]
mod tests {
    use super::Sector;

    #[test]
    fn every_sector_survives_a_round_trip() {
        assert_eq!(Sector::ALL.len(), 7);
        assert!(Sector::ALL.iter().all(|sector| sector.as_str().parse() == Ok(*sector)));
    }

    #[test]
    fn a_typo_is_answered_with_the_right_word() {
        let fault = "waste_water".parse::<Sector>().map_err(|fault| fault.detail);
        assert!(fault.is_err_and(|detail| detail.en.contains("Did you mean `wastewater`?")));
    }
}
