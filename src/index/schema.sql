-- The tables of an index. Described for readers in docs/index-schema.md.
-- A section, anchor, tag use or link has the id `document.id << 20 | number`,
-- its number counted from 0 in source order. A chunk's id is the rowid of its
-- text in `search`; a mention's is `chunk.id << 12 | number`. Spans are bytes
-- from 0, lines from 1; those of a mention count from its chunk's.

CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE document(
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL,
  title TEXT,
  format INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  bytes INTEGER NOT NULL,
  lines INTEGER NOT NULL,
  first_chunk INTEGER NOT NULL,
  chunks INTEGER NOT NULL
);

CREATE TABLE section(
  id INTEGER PRIMARY KEY,
  parent INTEGER,
  level INTEGER NOT NULL,
  title TEXT NOT NULL,
  anchor TEXT,
  line INTEGER NOT NULL,
  start INTEGER NOT NULL,
  heading INTEGER NOT NULL,
  bytes INTEGER NOT NULL
);

CREATE TABLE anchor(
  id INTEGER PRIMARY KEY,
  section INTEGER,
  name TEXT NOT NULL,
  line INTEGER NOT NULL,
  start INTEGER NOT NULL,
  bytes INTEGER NOT NULL
);

CREATE TABLE chunk(
  id INTEGER PRIMARY KEY,
  document INTEGER NOT NULL,
  section INTEGER,
  key BLOB NOT NULL,
  copy INTEGER NOT NULL,
  line INTEGER NOT NULL,
  more_lines INTEGER NOT NULL,
  start INTEGER NOT NULL,
  bytes INTEGER NOT NULL
);

CREATE TABLE term(id INTEGER PRIMARY KEY, name TEXT NOT NULL, uses INTEGER NOT NULL);

CREATE TABLE mention(
  id INTEGER PRIMARY KEY,
  term INTEGER NOT NULL,
  rule INTEGER NOT NULL,
  uses INTEGER NOT NULL,
  line INTEGER NOT NULL,
  start INTEGER NOT NULL,
  bytes INTEGER
);

CREATE TABLE tag(id INTEGER PRIMARY KEY, name TEXT NOT NULL, uses INTEGER NOT NULL);

CREATE TABLE tagged(
  id INTEGER PRIMARY KEY,
  tag INTEGER NOT NULL,
  rule INTEGER NOT NULL,
  line INTEGER NOT NULL,
  start INTEGER NOT NULL,
  bytes INTEGER NOT NULL
);

CREATE TABLE target(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key TEXT NOT NULL);

CREATE TABLE link(
  id INTEGER PRIMARY KEY,
  section INTEGER,
  rule INTEGER NOT NULL,
  written TEXT,
  line INTEGER NOT NULL,
  start INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  to_document INTEGER,
  to_section INTEGER,
  to_target INTEGER,
  name INTEGER
);

CREATE TABLE refused(path TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;

CREATE VIRTUAL TABLE search USING fts5(text, heading, title, content='', tokenize='unicode61 remove_diacritics 2');
