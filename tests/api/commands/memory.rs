//! The memory of a server that imports large files.

use std::fs;

use rust_xlsxwriter::Workbook;

use super::disk::{DEMO, block_on};
use super::disk_writer::Office;
use super::server::Server;
use super::{Home, on_empty};
use crate::api::imports::{CSV, ended, send};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// The number of rows of a file.
const ROWS: usize = 4_000;
/// The number of bytes in the largest cell of a row: the file has 16 MB.
const CELL: usize = 4_000;
/// The memory that an import may need, in KiB. The rows of a file that is in memory as a whole take more than ten times
/// its size.
const BOUND: u64 = 64 * 1024;
/// How much of a SQLite database is mapped into memory (`mmap_size`), in KiB.
const MAPPED: u64 = 128 * 1024;

const HEADINGS: [&str; 6] = ["slug", "name", "kind", "country", "sectors", "description.de"];

fn row(prefix: &str, number: usize) -> [String; 6] {
    let text = format!("{prefix} {number}, {}", "Wasser und Abwasser ".repeat(CELL / 20));
    let (slug, name) = (format!("{prefix}-{number}"), format!("{prefix} {number}"));
    [slug, name, "municipal".into(), "DE".into(), "water".into(), text]
}

fn csv(prefix: &str) -> Vec<u8> {
    let mut file = HEADINGS.join(";") + "\n";
    for number in 0..ROWS {
        file += &(row(prefix, number).join(";") + "\n");
    }
    file.into_bytes()
}

fn workbook(prefix: &str) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_row(0, 0, HEADINGS).unwrap();
    for number in 0..ROWS {
        sheet.write_row(u32::try_from(number).unwrap() + 1, 0, row(prefix, number)).unwrap();
    }
    workbook.save_to_buffer().unwrap()
}

/// The peak of the memory of a process, in KiB.
fn peak(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// How much of the database is mapped into the memory of the server, in KiB.
fn mapped(home: &Home) -> u64 {
    match home.database.url.strip_prefix("sqlite://") {
        Some(path) => MAPPED.min(fs::metadata(path).unwrap().len() / 1024),
        None => 0,
    }
}

on_empty! {
    fn the_memory_of_an_import_does_not_grow_with_its_file(home: Home) {
        let server = Server::start(&home, DEMO);
        block_on(async {
            let office = Office::of(&server).await;
            for (media, file) in [(CSV, csv("lines")), (XLSX, workbook("cells"))] {
                let before = peak(server.id());
                let size = file.len() / 1024;
                let begun = send(&office.caller, "resource=utilities", media, file).await.expect(202).json();
                let import = ended(&office.caller, begun["id"].as_str().unwrap()).await;
                assert_eq!(import["report"]["counts"]["create"], ROWS, "{import:#}");
                let (grown, mapped) = (peak(server.id()).saturating_sub(before), mapped(&home));
                println!("{media}: {size} KiB, peak {before} KiB and {grown} more, {mapped} mapped");
                assert!(grown < BOUND + mapped, "{media}: {grown} KiB for a file of {size} KiB");
            }
        });
    }
}
