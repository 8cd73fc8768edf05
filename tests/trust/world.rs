//! A site, a server for it, and a user with a state directory.

use std::path::PathBuf;
use std::time::Duration;

use auditgraph::foundation::progress::Silent;
use auditgraph::upgrade::http::{Connection, Patience};
use auditgraph::upgrade::trust::{
    Attack, Channel, Source, TrustError, TrustedReleases, VerifiedArchive,
};

use crate::repository::{PLATFORM, Repository, first_root};
use crate::server::{Authority, Rule, Server};

pub struct World {
    folder: tempfile::TempDir,
    pub repository: Repository,
    pub server: Server,
    pub authority: Authority,
}

pub const ARCHIVE: &[u8] =
    b"the archive of the new version, which is longer than one chunk of a dripping server";

impl World {
    /// A site with release 1.1.0 published, and a user who knows nothing.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site");
        let mut repository = Repository::new(&site);
        repository.add("1.1.0", ARCHIVE);
        repository.publish();
        let authority = Authority::new();
        std::fs::write(folder.path().join("ca.pem"), &authority.pem).unwrap();
        let server = Server::https(&site, &authority);
        Self {
            folder,
            repository,
            server,
            authority,
        }
    }

    /// A world whose user has seen release 1.1.0.
    pub fn visited() -> Self {
        let world = Self::new();
        world.load().unwrap();
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn connection(&self) -> Connection {
        Connection {
            // Long enough for a loaded machine, short enough for a test.
            patience: Patience {
                window: Duration::from_secs(4),
                answer: Duration::from_secs(10),
                ..Patience::default()
            },
            certificates: Some(self.path("ca.pem")),
            ..Connection::default()
        }
    }

    pub fn load_from(&self, source: &Source) -> Result<TrustedReleases, TrustError> {
        let state = self.path("state");
        TrustedReleases::load_with(source, &state, &first_root(), &self.connection())
    }

    pub fn load(&self) -> Result<TrustedReleases, TrustError> {
        self.load_from(&Source::Url(self.server.url()))
    }

    /// What loading is refused for.
    pub fn refusal(&self) -> (Attack, String) {
        refused(self.load().map(|_| ()))
    }

    /// Fetches the archive of the newest release.
    pub fn fetch(&self, resume: bool) -> Result<VerifiedArchive, TrustError> {
        let releases = self.load()?;
        let newest = releases.newest(PLATFORM, &Channel::default()).unwrap();
        releases.fetch_archive(newest, &self.path("archive"), &Silent, resume)
    }

    /// What fetching the newest archive is refused for; nothing may be left
    /// of it.
    pub fn archive_refusal(&self) -> (Attack, String) {
        let refusal = refused(self.fetch(false).map(|_| ()));
        let slow = refusal.0 == Attack::SlowRetrieval;
        assert!(slow || !self.path("archive").exists(), "{refusal:?}");
        refusal
    }

    /// Loads while the server answers a request for the timestamp with
    /// `head` and `body`, however odd they are.
    pub fn answered(&self, head: &str, body: &[u8]) -> Result<(), TrustError> {
        let mut raw = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{head}\r\n").into_bytes();
        raw.extend_from_slice(body);
        self.server.rule("metadata/timestamp.json", Rule::Raw(raw));
        self.load().map(|_| ())
    }

    /// The newest version that is offered once the server sends `timestamp`
    /// again.
    pub fn offered_by(&self, timestamp: &[u8]) -> String {
        let bytes = Rule::Bytes(timestamp.to_vec());
        self.server.rule("metadata/timestamp.json", bytes);
        self.offered()
    }

    /// The newest version that the user is offered.
    pub fn offered(&self) -> String {
        let releases = self.load().unwrap();
        let newest = releases.newest(PLATFORM, &Channel::default()).unwrap();
        newest.version.to_string()
    }
}

pub fn refused(outcome: Result<(), TrustError>) -> (Attack, String) {
    match outcome {
        Ok(()) => panic!("nothing was refused"),
        Err(error) => {
            let attack = error.attack();
            (
                attack.unwrap_or_else(|| panic!("{error}")),
                error.to_string(),
            )
        }
    }
}
