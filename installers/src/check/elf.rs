//! What a Linux executable needs of the C library.

use object::Endianness;
use object::elf::FileHeader64;
use object::read::elf::{FileHeader as _, SectionHeader as _};

/// Prefix of glibc's symbol versions.
const PREFIX: &str = "GLIBC_";

/// Newest `GLIBC_x.y` among the versions the executable asks for; `None` where
/// it asks for none.
pub(super) fn newest_glibc(bytes: &[u8]) -> Result<Option<String>, String> {
    let shown = |error: object::Error| error.to_string();
    let header = FileHeader64::<Endianness>::parse(bytes).map_err(shown)?;
    let endian = header.endian().map_err(shown)?;
    let sections = header.sections(endian, bytes).map_err(shown)?;
    let mut newest: Option<String> = None;
    for section in sections.iter() {
        let Some((mut needs, link)) = section.gnu_verneed(endian, bytes).map_err(shown)? else {
            continue;
        };
        let strings = sections.strings(endian, bytes, link).map_err(shown)?;
        while let Some((_, mut versions)) = needs.next().map_err(shown)? {
            while let Some(wanted) = versions.next().map_err(shown)? {
                let name = wanted.name(endian, strings).map_err(shown)?;
                let name = String::from_utf8_lossy(name).into_owned();
                let Some(number) = name.strip_prefix(PREFIX) else {
                    continue;
                };
                if newest
                    .as_deref()
                    .is_none_or(|newest| version(number) > version(newest))
                {
                    newest = Some(number.to_owned());
                }
            }
        }
    }
    Ok(newest)
}

/// A dotted version as numbers; a word (`PRIVATE`) counts as newer than any.
pub(super) fn version(text: &str) -> Vec<u32> {
    text.split('.')
        .map(|part| part.parse().unwrap_or(u32::MAX))
        .collect()
}
