//! Sums of money.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{create_data, exported, figures, year};
use crate::api::fixtures::PARTNERSHIPS;
use crate::harness::on_both;

/// The sum of decimal numbers with equal scale, in the same scale.
fn added(amounts: &[String]) -> String {
    let decimals = amounts[0].split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let minor: u128 = amounts.iter().map(|amount| amount.replace('.', "").parse::<u128>().unwrap()).sum();
    let one = 10_u128.pow(u32::try_from(decimals).unwrap());
    if decimals == 0 { minor.to_string() } else { format!("{}.{:0decimals$}", minor / one, minor % one) }
}

on_both! {
    async fn funding_figures_equal_the_sums_of_phases(app: TestApp) {
        create_data(&app).await;
        for (role, caller) in [("public", app.anonymous()), ("reader", app.reader()), ("coordinator", app.coordinator())] {
            let mut phases = Vec::new();
            for it in exported(&caller, PARTNERSHIPS).await {
                phases.extend(caller.all(&format!("{PARTNERSHIPS}/{}/funding", it["id"].as_str().unwrap())).await);
            }
            phases.retain(|phase| phase["amount"].is_object());
            for by in ["programme", "kind", "year"] {
                let mut amounts: BTreeMap<String, Vec<String>> = BTreeMap::new();
                for phase in &phases {
                    let key = match by {
                        "programme" => phase["programme"]["slug"].as_str().unwrap_or("unknown").to_owned(),
                        "kind" => phase["kind"].as_str().unwrap().to_owned(),
                        _ => year(&phase["from"]),
                    };
                    let (amount, currency) =
                        (phase["amount"]["amount"].as_str().unwrap(), phase["amount"]["currency"].as_str().unwrap());
                    amounts.entry(format!("{key} {currency}")).or_default().push(amount.to_owned());
                }
                let expected = amounts.iter().map(|(key, all)| (key.clone(), vec![json!(added(all)), json!(all.len())]));
                let expected: BTreeMap<String, Vec<Value>> = expected.collect();
                assert!(!expected.is_empty());
                let all = figures(&caller, &format!("funding?by={by}"), &["amount", "phases"]).await;
                assert_eq!(all, expected, "{role} {by}");
                let euros = figures(&caller, &format!("funding?by={by}&currency=EUR"), &["amount", "phases"]).await;
                let expected: BTreeMap<_, _> = expected.into_iter().filter(|(key, _)| key.ends_with(" EUR")).collect();
                assert_eq!(euros, expected, "{role} {by}");
            }
        }
    }
}
