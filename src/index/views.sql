CREATE VIEW sections AS
SELECT s.id AS id, d.id AS document, s.id & 1048575 AS number, s.parent AS parent,
  s.level AS level, s.title AS title, d.path AS path,
  coalesce(s.anchor, replace(lower(s.title), ' ', '-')) AS anchor,
  s.line AS line, s.start AS start_byte, s.start + s.heading AS heading_end_byte,
  s.start + s.bytes AS end_byte, d.sha256 AS sha256
FROM section s JOIN document d ON d.id = s.id >> 20;

CREATE VIEW chunks AS
SELECT c.id AS id, d.id AS document, c.id - d.first_chunk AS number, c.section AS section,
  d.path AS path,
  lower(hex(c.key)) || CASE WHEN c.copy > 1 THEN '~' || c.copy ELSE '' END AS key,
  c.line AS line, c.line + c.more_lines AS end_line,
  c.start AS start_byte, c.start + c.bytes AS end_byte, d.sha256 AS sha256
FROM chunk c JOIN document d ON d.id = c.document;

CREATE VIEW node AS
SELECT 'document:' || path AS id, 'document' AS kind, coalesce(title, path) AS title,
  path, 1 AS line, max(lines, 1) AS end_line, 0 AS start_byte, bytes AS end_byte,
  lower(hex(sha256)) AS sha256
FROM document
UNION ALL
SELECT 'section:' || path || '#' || anchor, 'section', title, path, line, NULL,
  start_byte, end_byte, lower(hex(sha256))
FROM sections
UNION ALL
SELECT 'chunk:' || path || '~' || key, 'chunk', NULL, path, line, end_line,
  start_byte, end_byte, lower(hex(sha256))
FROM chunks
UNION ALL
SELECT 'term:' || name, 'term', name, NULL, NULL, NULL, NULL, NULL, NULL FROM term
UNION ALL
SELECT 'tag:' || name, 'tag', name, NULL, NULL, NULL, NULL, NULL, NULL FROM tag
UNION ALL
SELECT CASE kind WHEN 0 THEN 'external:' WHEN 1 THEN 'file:' ELSE 'unresolved:' END || key,
  CASE kind WHEN 0 THEN 'external' WHEN 1 THEN 'file' ELSE 'unresolved' END,
  key, CASE kind WHEN 1 THEN key END, NULL, NULL, NULL, NULL, NULL
FROM target;

CREATE VIEW links AS
SELECT
  CASE WHEN l.section IS NULL THEN 'document:' || d.path
    ELSE 'section:' || d.path || '#' || f.anchor END AS source_id,
  'links_to' AS kind,
  CASE l.rule WHEN 0 THEN 'inline' WHEN 1 THEN 'reference' WHEN 2 THEN 'autolink'
    WHEN 3 THEN 'wikilink' WHEN 4 THEN 'image' ELSE 'rst_link' END AS rule,
  CASE WHEN l.to_section IS NOT NULL THEN 'section:' || o.path || '#' || t.anchor
    WHEN l.to_document IS NOT NULL THEN 'document:' || o.path
    ELSE CASE g.kind WHEN 0 THEN 'external:' WHEN 1 THEN 'file:' ELSE 'unresolved:' END || g.key
    END AS target_id,
  CASE WHEN l.to_document IS NOT NULL THEN 'resolved'
    WHEN g.kind = 0 THEN 'external' WHEN g.kind = 1 THEN 'file' ELSE 'unresolved' END AS status,
  coalesce(l.written, g.key) AS written,
  d.path AS path, l.line AS line, l.start AS start_byte, l.start + l.bytes AS end_byte,
  1 AS uses, lower(hex(d.sha256)) AS sha256
FROM link l JOIN document d ON d.id = l.id >> 20
  LEFT JOIN sections f ON f.id = (l.id >> 20 << 20) + l.section
  LEFT JOIN document o ON o.id = l.to_document
  LEFT JOIN sections t ON t.id = (l.to_document << 20) + l.to_section
  LEFT JOIN target g ON g.id = l.to_target
UNION ALL
SELECT 'chunk:' || c.path || '~' || c.key, 'mentions',
  CASE m.rule WHEN 0 THEN 'inline_code' ELSE 'fence_language' END,
  'term:' || t.name, 'resolved', NULL,
  c.path, c.line + m.line, c.start_byte + m.start,
  c.start_byte + m.start
    + coalesce(m.bytes, length(CAST(t.name AS BLOB)) + CASE m.rule WHEN 0 THEN 2 ELSE 0 END),
  m.uses, lower(hex(c.sha256))
FROM mention m JOIN chunks c ON c.id = m.id >> 12 JOIN term t ON t.id = m.term
UNION ALL
SELECT 'document:' || d.path, 'tagged',
  CASE u.rule WHEN 0 THEN 'front_matter' ELSE 'hashtag' END,
  'tag:' || t.name, 'resolved', NULL,
  d.path, u.line, u.start, u.start + u.bytes, 1, lower(hex(d.sha256))
FROM tagged u JOIN document d ON d.id = u.id >> 20 JOIN tag t ON t.id = u.tag
UNION ALL
SELECT CASE WHEN s.parent IS NULL THEN 'document:' || s.path
    ELSE 'section:' || s.path || '#' || p.anchor END, 'contains', 'structure',
  'section:' || s.path || '#' || s.anchor, 'resolved', NULL,
  s.path, s.line, s.start_byte, s.heading_end_byte, 1, lower(hex(s.sha256))
FROM sections s LEFT JOIN sections p ON p.id = (s.document << 20) + s.parent
UNION ALL
SELECT CASE WHEN c.section IS NULL THEN 'document:' || c.path
    ELSE 'section:' || c.path || '#' || p.anchor END, 'contains', 'structure',
  'chunk:' || c.path || '~' || c.key, 'resolved', NULL,
  c.path, c.line, c.start_byte, c.end_byte, 1, lower(hex(c.sha256))
FROM chunks c LEFT JOIN sections p ON p.id = (c.document << 20) + c.section;
