//! Sectors (Sparten).

use crate::string_enum;

string_enum! {
    /// A sector in which a utility works (German: Sparte).
    Sector in "sectors" {
        /// Drinking water: abstraction, treatment and supply.
        Water = "water" ("Drinking water", "Trinkwasser":
            "Trinkwasser: Gewinnung, Aufbereitung und Versorgung."),
        /// Wastewater and stormwater: sewers, treatment, sludge.
        Wastewater = "wastewater" ("Wastewater", "Abwasser":
            "Abwasser und Niederschlagswasser: Kanalisation, Behandlung, Klärschlamm."),
        /// Waste: collection, street cleaning, recycling, treatment and disposal.
        Waste = "waste" ("Waste management and street cleaning", "Abfallwirtschaft und Stadtreinigung":
            "Abfall: Sammlung, Stadtreinigung, Verwertung, Behandlung und Beseitigung."),
        /// Electricity and gas: generation, networks and supply.
        Energy = "energy" ("Energy (electricity and gas)", "Energie (Strom und Gas)":
            "Strom und Gas: Erzeugung, Netze und Versorgung."),
        /// District heating and cooling.
        DistrictHeating = "district_heating" ("District heating and cooling", "Fernwärme und Fernkälte"),
        /// Public transport.
        PublicTransport = "public_transport" ("Public transport", "Öffentlicher Personennahverkehr"),
        /// Telecommunications, mainly fibre networks.
        Telecommunications = "telecommunications" ("Telecommunications", "Telekommunikation":
            "Telekommunikation, vor allem Glasfasernetze."),
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
