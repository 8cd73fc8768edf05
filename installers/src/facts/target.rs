//! A platform, taken apart from its Rust target triple.

/// One platform of the release and the oldest system it runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Rust's name for it.
    pub(crate) triple: String,
    /// Processor, the first part of the triple.
    pub(crate) arch: String,
    /// Operating system, with what the oldest supported one is.
    pub(crate) system: System,
}

/// Operating systems a release can be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum System {
    /// Linux with the GNU C library of at least this version, where promised.
    LinuxGnu {
        /// `major.minor`.
        glibc: Option<String>,
    },
    /// macOS of at least this version, where promised.
    MacOs {
        /// `major.minor`: the deployment target.
        version: Option<String>,
    },
    /// Anything else: can be planned, not made.
    Other,
}

impl Target {
    /// Takes `triple` apart; what it runs on at least is stated by the project.
    pub(crate) fn new(triple: &str, glibc: Option<String>, deployment: Option<String>) -> Self {
        let arch = triple.split('-').next().unwrap_or_default();
        let system = if triple.ends_with("-linux-gnu") {
            System::LinuxGnu { glibc }
        } else if triple.ends_with("-apple-darwin") {
            System::MacOs {
                version: deployment,
            }
        } else {
            System::Other
        };
        Self {
            triple: triple.to_owned(),
            arch: arch.to_owned(),
            system,
        }
    }

    /// Platform tag of the wheel (PEP 600 for Linux), or `None` where the
    /// project does not state what it runs on.
    pub(crate) fn wheel_tag(&self) -> Option<String> {
        match &self.system {
            System::LinuxGnu { glibc } => {
                let glibc = glibc.as_ref()?.replace('.', "_");
                Some(format!("manylinux_{glibc}_{}", self.arch))
            }
            System::MacOs { version } => {
                let version = version.as_ref()?.replace('.', "_");
                let arch = match self.arch.as_str() {
                    "aarch64" => "arm64",
                    other => other,
                };
                Some(format!("macosx_{version}_{arch}"))
            }
            System::Other => None,
        }
    }

    /// What zigbuild calls it: the triple, with the C library to link against.
    pub(crate) fn zig_triple(&self) -> String {
        match &self.system {
            System::LinuxGnu { glibc: Some(glibc) } => format!("{}.{glibc}", self.triple),
            _ => self.triple.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheel_tags_state_the_oldest_system() {
        let linux = Target::new("x86_64-unknown-linux-gnu", Some("2.17".into()), None);
        assert_eq!(linux.wheel_tag().as_deref(), Some("manylinux_2_17_x86_64"));
        assert_eq!(linux.zig_triple(), "x86_64-unknown-linux-gnu.2.17");
        let arm = Target::new("aarch64-apple-darwin", None, Some("11.0".into()));
        assert_eq!(arm.wheel_tag().as_deref(), Some("macosx_11_0_arm64"));
        let silent = Target::new("x86_64-apple-darwin", None, None);
        assert_eq!(silent.wheel_tag(), None);
    }
}
