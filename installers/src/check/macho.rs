//! What a macOS executable needs of the system.

use object::Endianness;
use object::macho::MachHeader64;
use object::read::macho::{LoadCommandVariant, MachHeader as _};

/// Oldest macOS the executable starts on, as `major.minor`; `None` where it
/// does not say.
pub(super) fn oldest_macos(bytes: &[u8]) -> Result<Option<String>, String> {
    let shown = |error: object::Error| error.to_string();
    let header = MachHeader64::<Endianness>::parse(bytes, 0).map_err(shown)?;
    let endian = header.endian().map_err(shown)?;
    let mut commands = header.load_commands(endian, bytes, 0).map_err(shown)?;
    while let Some(command) = commands.next().map_err(shown)? {
        let version = match command.variant().map_err(shown)? {
            LoadCommandVariant::BuildVersion(command, _) => command.minos.get(endian),
            LoadCommandVariant::VersionMin(command) => command.version.get(endian),
            _ => continue,
        };
        return Ok(Some(format!("{}.{}", version.major(), version.minor())));
    }
    Ok(None)
}
