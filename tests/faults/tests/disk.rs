//! The disk that can lose power is a disk, and one that ignores syncs is found out.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

use std::{
    fs::{self, File},
    io::{self, Write},
};

use tandem_faults::{
    campaign::Campaign,
    disk::{Disk, Errno, Fault},
    ground::Ground,
    power::Power,
    tally::Tally,
};

fn ground() -> Option<Ground> {
    let ground = Ground::new(5, false, env!("CARGO_BIN_EXE_faults").into());
    match Disk::hindrance(&ground) {
        Some(why) => {
            eprintln!("NOT RUN: {why}");
            None
        }
        None => Some(ground),
    }
}

#[test]
fn the_mounted_disk_is_a_disk() {
    let Some(ground) = ground() else { return };
    let disk = Disk::mount(&ground).unwrap();
    let file = disk.path().join("folder/file");
    fs::create_dir(disk.path().join("folder")).unwrap();
    let mut open = File::create(&file).unwrap();
    open.write_all(&[7; 10_000]).unwrap();
    open.sync_all().unwrap();
    for folder in [disk.path(), disk.path().join("folder")] {
        File::open(folder).unwrap().sync_all().unwrap();
    }
    open.write_all(&[8; 10_000]).unwrap();
    let other = disk.path().join("folder/other");
    fs::rename(&file, &other).unwrap();
    assert_eq!(fs::metadata(&other).unwrap().len(), 20_000);
    // All that wasn't synced is dropped.
    disk.cut_power(1, 0).unwrap();
    fs::read(&file).unwrap_err();
    drop(open);
    disk.power_on().unwrap();
    assert_eq!(fs::read(&file).unwrap(), [7; 10_000]);
    disk.fail(Fault {
        errno: Errno::Enospc,
        at: 1,
        lasting: false,
    })
    .unwrap();
    let error = fs::write(disk.path().join("more"), "x").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    fs::write(disk.path().join("more"), "x").unwrap();
    assert_eq!(disk.mend().unwrap(), 1);
}

#[test]
fn a_disk_that_ignores_syncs_is_found_out() {
    let Some(ground) = ground() else { return };
    let power = Power::on_a_deaf_disk();
    let mut tally = Tally::default();
    for number in 0..24 {
        tally.merge(power.case(&ground, number).unwrap());
    }
    assert!(tally.failed > 5, "{tally:?}");
    assert!(tally.of("lost") > 0, "{tally:?}");
}
