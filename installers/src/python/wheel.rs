//! The wheel: a zip with fixed order, modes and times.

use std::io::{Cursor, Write as _};

use jiff::Timestamp;
use jiff::tz::Offset;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::{Door, PythonError};
use crate::build::Member;

impl Door<'_> {
    /// Where the executable stands in the wheel: installers put it on the path.
    pub(crate) fn data_script(&self) -> String {
        let binary = &self.facts.package.binary;
        format!("{}.data/scripts/{binary}", self.file_stem())
    }

    /// Folder of the wheel's own description.
    pub(crate) fn dist_info(&self) -> String {
        format!("{}.dist-info", self.file_stem())
    }

    /// Packs the wheel with platform tag `tag`.
    pub(crate) fn wheel(
        &self,
        tag: &str,
        executable: &[u8],
        sbom: &[u8],
    ) -> Result<Vec<u8>, PythonError> {
        let members = self.wheel_members(tag, executable, sbom)?;
        pack(&members, self.facts.commit.time)
    }

    /// What is in that wheel, in its order.
    pub(crate) fn wheel_members(
        &self,
        tag: &str,
        executable: &[u8],
        sbom: &[u8],
    ) -> Result<Vec<Member>, PythonError> {
        let facts = self.facts;
        let info = self.dist_info();
        let plain = |(path, bytes): (String, Vec<u8>)| Member::plain(path, bytes);
        let mut members: Vec<Member> = self.module_files().into_iter().map(plain).collect();
        members.push(Member {
            path: self.data_script(),
            bytes: executable.to_vec(),
            executable: true,
        });
        let mut described: Vec<(String, Vec<u8>)> = vec![
            ("METADATA".into(), self.metadata()?.into_bytes()),
            ("WHEEL".into(), wheel_file(tag).into_bytes()),
            (
                format!("sboms/{}.cdx.json", facts.package.name),
                sbom.to_vec(),
            ),
        ];
        for name in &facts.release.archive.licenses {
            let path = facts.root.join(name);
            let bytes = std::fs::read(&path).map_err(|error| PythonError::Read(path, error))?;
            described.push((format!("licenses/{name}"), bytes));
        }
        let below = |(path, bytes)| Member::plain(format!("{info}/{path}"), bytes);
        members.extend(described.into_iter().map(below));
        members.sort_by(|a, b| a.path.cmp(&b.path));
        // RECORD comes last and lists itself without a digest.
        let own = format!("{info}/RECORD");
        let record = record(&members, &own);
        members.push(Member::plain(own, record));
        Ok(members)
    }
}

fn wheel_file(tag: &str) -> String {
    let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    format!(
        "Wheel-Version: 1.0\nGenerator: {name} {version}\nRoot-Is-Purelib: false\nTag: py3-none-{tag}\n"
    )
}

fn record(members: &[Member], own: &str) -> String {
    use sha2::Digest as _;
    let mut out = String::new();
    for Member { path, bytes, .. } in members {
        let digest = base64_url(&sha2::Sha256::digest(bytes));
        out.push_str(&format!("{path},sha256={digest},{}\n", bytes.len()));
    }
    out.push_str(own);
    out.push_str(",,\n");
    out
}

fn pack(members: &[Member], time: u64) -> Result<Vec<u8>, PythonError> {
    let base = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(zip_time(time));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for member in members {
        zip.start_file(member.path.as_str(), base.unix_permissions(member.mode()))?;
        zip.write_all(&member.bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Zip times have no time zone and start in 1980: UTC, and never earlier.
fn zip_time(seconds: u64) -> DateTime {
    let time = i64::try_from(seconds).ok();
    let time = time.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let utc = Offset::UTC.to_datetime(time.unwrap_or_default());
    DateTime::from_date_and_time(
        utc.year().cast_unsigned(),
        utc.month().cast_unsigned(),
        utc.day().cast_unsigned(),
        utc.hour().cast_unsigned(),
        utc.minute().cast_unsigned(),
        utc.second().cast_unsigned(),
    )
    .unwrap_or_default()
}

/// Base64 with the URL alphabet and no padding, as RECORD wants it.
pub(crate) fn base64_url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .chain(std::iter::repeat(&0))
            .take(3)
            .fold(0_u32, |group, byte| group << 8 | u32::from(*byte));
        for index in 0..=chunk.len() {
            let six = (group >> (18 - 6 * index)) & 63;
            out.push(ALPHABET[six as usize] as char);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        assert_eq!(base64_url(b""), "");
        assert_eq!(base64_url(b"f"), "Zg");
        assert_eq!(base64_url(b"fo"), "Zm8");
        assert_eq!(base64_url(b"foo"), "Zm9v");
        assert_eq!(base64_url(&[0xff, 0xef]), "_-8");
    }

    #[test]
    fn times_are_utc_and_never_before_1980() {
        let text = |seconds| zip_time(seconds).to_string();
        assert_eq!(text(951_827_696), "2000-02-29 12:34:56");
        for seconds in [0, u64::MAX] {
            assert_eq!(zip_time(seconds), DateTime::default());
        }
    }
}
