use super::*;

/// Uses more bytes than are kept in memory.
#[tokio::test]
async fn all_pieces_come_out_in_order_and_the_space_is_freed() {
    let space = SpoolSpace::default();
    let (writer, reader) = space.spool();
    let all: Vec<u8> = (0_u32..3_000_000).map(|number| number.to_le_bytes()[0]).collect();
    for piece in all.chunks(70_000) {
        assert_eq!(writer.push(Bytes::copy_from_slice(piece)).await, ControlFlow::Continue(()));
    }
    drop(writer);
    let mut out = Vec::new();
    while let Some(piece) = reader.next().await.unwrap() {
        out.extend_from_slice(&piece);
    }
    assert!(out == all);
    assert!(space.used() > 0);
    drop(reader);
    assert_eq!(space.used(), 0);
}

/// Writes and reads more bytes than are kept in memory, with this file; returns whether all came out in order.
async fn all_are_read_with(create_file: fn() -> io::Result<File>) -> bool {
    let space = SpoolSpace { create_file, ..SpoolSpace::default() };
    let (writer, reader) = space.spool();
    let all: Vec<u8> = (0_u32..3_000_000).map(|number| number.to_le_bytes()[0]).collect();
    let (pieces, mut out) = (all.clone(), Vec::new());
    let write = async move {
        for piece in pieces.chunks(70_000) {
            assert_eq!(writer.push(Bytes::copy_from_slice(piece)).await, ControlFlow::Continue(()));
        }
    };
    let read = async {
        while let Some(piece) = reader.next().await.unwrap() {
            out.extend_from_slice(&piece);
        }
    };
    tokio::join!(write, read);
    space.used() == 0 && out == all
}

#[tokio::test]
async fn an_export_waits_for_its_client_if_the_disk_is_full() {
    assert!(all_are_read_with(|| File::options().write(true).open("/dev/full")).await);
    assert!(all_are_read_with(|| Err(io::ErrorKind::StorageFull.into())).await);
}

#[tokio::test]
async fn an_export_on_a_full_disk_ends_when_the_reading_end_is_gone() {
    let create_file = || File::options().write(true).open("/dev/full");
    let (writer, reader) = SpoolSpace { create_file, ..SpoolSpace::default() }.spool();
    let piece = || Bytes::from(vec![0; MAX_MEMORY_BYTES]);
    assert_eq!(writer.push(piece()).await, ControlFlow::Continue(()));
    let (flow, ()) = tokio::join!(writer.push(piece()), async { drop(reader) });
    assert_eq!(flow, ControlFlow::Break(()));
}

#[tokio::test]
async fn writing_ends_when_the_reading_end_is_gone() {
    let (writer, reader) = SpoolSpace::default().spool();
    drop(reader);
    assert_eq!(writer.push(Bytes::from_static(b"x")).await, ControlFlow::Break(()));
}

/// What does not fit any more ends its own export, and no other one.
#[tokio::test]
async fn an_export_that_finds_no_space_ends() {
    let space = SpoolSpace::of(1_000_000);
    let ((first, first_out), (second, second_out)) = (space.spool(), space.spool());
    let piece = || Bytes::from(vec![0; 500_000]);
    for _ in 0..4 {
        assert_eq!(first.push(piece()).await, ControlFlow::Continue(()));
    }
    for _ in 0..2 {
        assert_eq!(second.push(piece()).await, ControlFlow::Continue(()));
    }
    assert_eq!(second.push(piece()).await, ControlFlow::Break(()));
    drop((first, second));
    let mut length = 0;
    while let Some(piece) = first_out.next().await.unwrap() {
        length += piece.len();
    }
    assert_eq!(length, 2_000_000);
    for _ in 0..2 {
        assert_eq!(second_out.next().await.unwrap().map(|piece| piece.len()), Some(500_000));
    }
    assert_eq!(second_out.next().await.unwrap_err().code, Code::Unavailable);
    drop(first_out);
    assert_eq!(space.used(), 0);
}
