//! Working areas (Arbeitsfelder).

use crate::vocabulary;

vocabulary! {
    /// Working area: what utilities work on together, can help with or look for help with (German:
    /// Arbeitsfeld).
    WorkingArea {
        /// Asset management: condition, value and renewal of networks and plants.
        AssetManagement = "asset-management",
        /// Awareness raising among customers and the public.
        AwarenessRaising = "awareness-raising",
        /// Benchmarking: comparing performance with other utilities.
        Benchmarking = "benchmarking",
        /// Billing customers and collecting the payments.
        BillingAndCollection = "billing-and-collection",
        /// Adaptation to climate change, such as to drought and heavy rain.
        ClimateAdaptation = "climate-adaptation",
        /// Composting and other treatment of organic waste.
        Composting = "composting",
        /// Customer service and complaints.
        CustomerService = "customer-service",
        /// Data management.
        DataManagement = "data-management",
        /// Digitalisation of operations and administration.
        Digitalisation = "digitalisation",
        /// Disinfection of drinking water.
        Disinfection = "disinfection",
        /// Drinking-water supply in general.
        DrinkingWaterSupply = "drinking-water-supply",
        /// Emergency repair, such as after war damage.
        EmergencyRepair = "emergency-repair",
        /// Energy efficiency of plants and networks.
        EnergyEfficiency = "energy-efficiency",
        /// Environmental education, such as in schools.
        EnvironmentalEducation = "environmental-education",
        /// Faecal sludge management: emptying, transport and treatment where there are no sewers.
        FaecalSludgeManagement = "faecal-sludge-management",
        /// Geographic information systems.
        Gis = "gis",
        /// Human resources: recruiting, keeping and developing staff.
        HumanResources = "human-resources",
        /// Hydraulic modelling of networks.
        HydraulicModelling = "hydraulic-modelling",
        /// Laboratory work.
        Laboratory = "laboratory",
        /// Landfill operation and aftercare.
        LandfillOperation = "landfill-operation",
        /// Measurement and control technology.
        MeasurementTechnology = "measurement-technology",
        /// Non-revenue water: leaks, theft and metering errors.
        NonRevenueWater = "non-revenue-water",
        /// Operation and maintenance of networks and plants.
        OperationsAndMaintenance = "operations-and-maintenance",
        /// Optimisation of processes in plants and in administration.
        ProcessOptimisation = "process-optimisation",
        /// Procurement and tendering.
        Procurement = "procurement",
        /// Pumps and pumping stations.
        Pumps = "pumps",
        /// Recycling.
        Recycling = "recycling",
        /// Renewable energy, such as biogas or solar power on the utility's own sites.
        RenewableEnergy = "renewable-energy",
        /// Separate collection of waste.
        SeparateWasteCollection = "separate-waste-collection",
        /// Sewer inspection and rehabilitation.
        SewerInspection = "sewer-inspection",
        /// Sludge management: treatment and use of sewage sludge.
        SludgeManagement = "sludge-management",
        /// Smart metering.
        SmartMetering = "smart-metering",
        /// Stormwater management.
        StormwaterManagement = "stormwater-management",
        /// Strategic planning: master plans, investment and business plans.
        StrategicPlanning = "strategic-planning",
        /// Tariffs and the recovery of costs.
        Tariffs = "tariffs",
        /// Vocational and further training.
        Training = "training",
        /// Waste collection and transport.
        WasteCollection = "waste-collection",
        /// Waste management planning.
        WasteManagementPlanning = "waste-management-planning",
        /// Wastewater treatment.
        WastewaterTreatment = "wastewater-treatment",
        /// Management of the demand for water.
        WaterDemandManagement = "water-demand-management",
        /// Purification of raw water.
        WaterPurification = "water-purification",
        /// Water quality and its monitoring.
        WaterQuality = "water-quality",
        /// Reuse of treated wastewater.
        WaterReuse = "water-reuse",
        /// Water security: protection of resources, safety planning.
        WaterSecurity = "water-security",
        /// Water storage: tanks, reservoirs and dams.
        WaterStorage = "water-storage",
    }
}

#[cfg(test)]
mod tests {
    use super::WorkingArea;

    #[test]
    fn every_word_leads_back_to_itself() {
        assert!(WorkingArea::ALL.iter().all(|area| area.as_str().parse() == Ok(*area)));
    }

    #[test]
    fn words_are_kebab_case_and_in_order() {
        assert!(WorkingArea::WORDS.is_sorted());
        assert!(
            WorkingArea::WORDS.iter().all(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        );
    }
}
