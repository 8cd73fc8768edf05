//! Content taken piece by piece, whoever gives it: what is large is never held
//! whole to be hashed or written.

use std::io::{self, BufRead, BufReader, Read};

/// Bytes that are read, hashed or written at once.
pub(super) const PIECE_BYTES: usize = 256 * 1024;

/// `reader`, read in pieces.
pub fn in_pieces<R: Read>(reader: R) -> BufReader<R> {
    BufReader::with_capacity(PIECE_BYTES, reader)
}

/// Gives `to` all that `content` holds, at most [`PIECE_BYTES`] at a time.
///
/// # Errors
/// Any I/O error of `content`, and the first of `to`.
pub(super) fn each_piece(
    content: &mut dyn BufRead,
    mut to: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    loop {
        let piece = match content.fill_buf() {
            Ok(&[]) => return Ok(()),
            Ok(bytes) => &bytes[..bytes.len().min(PIECE_BYTES)],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        to(piece)?;
        let taken = piece.len();
        content.consume(taken);
    }
}
