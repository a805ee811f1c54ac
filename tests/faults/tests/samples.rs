//! A seeded sample of each campaign, a few seconds each: `cargo xtask faults --full` runs the whole.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

use tandem_faults::{
    campaign::{self, Campaign},
    ground::Ground,
    tally::Tally,
};

fn sample(name: &str) -> Option<Tally> {
    let all = campaign::all();
    let campaign: &dyn Campaign = all
        .iter()
        .find(|campaign| campaign.name() == name)?
        .as_ref();
    let ground = Ground::new(1, false, env!("CARGO_BIN_EXE_faults").into());
    if let Some(why) = campaign.hindrance(&ground) {
        eprintln!("{name} NOT RUN: {why}");
        return None;
    }
    Some(campaign::sample(campaign, &ground).unwrap())
}

#[test]
fn killed_processes_lose_nothing_that_was_acknowledged() {
    let tally = sample("kill").unwrap();
    assert!(tally.of("kills") > 20, "{tally:?}");
    assert!(tally.of("acknowledged writes") > 50, "{tally:?}");
}

#[test]
fn one_of_many_starts_has_the_vault() {
    let tally = sample("starts").unwrap();
    assert!(tally.of("refused as owned") > 50, "{tally:?}");
}

#[test]
fn a_jumping_clock_changes_no_order() {
    assert!(sample("clock").unwrap().of("jumps") > 100);
}

#[test]
fn damage_is_told_or_harmless() {
    let tally = sample("damage").unwrap();
    assert!(tally.of("told") > 200, "{tally:?}");
    assert!(tally.of("harmless") > 0, "{tally:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn power_cuts_lose_nothing_that_was_acknowledged() {
    if let Some(tally) = sample("power") {
        assert!(tally.of("cuts") >= 40, "{tally:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_failing_disk_is_told_and_spoils_nothing() {
    if let Some(tally) = sample("inject") {
        assert!(tally.of("told") > 50, "{tally:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_canary_leaves_the_vault() {
    assert!(sample("canary").unwrap().of("canaries") >= 90);
}
