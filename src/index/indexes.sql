CREATE UNIQUE INDEX document_path ON document(path);
CREATE INDEX tagged_tag ON tagged(tag);
CREATE INDEX link_document ON link(to_document) WHERE to_document IS NOT NULL;
CREATE INDEX link_name ON link(name) WHERE name IS NOT NULL;
