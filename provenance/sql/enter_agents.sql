-- Agents; a known one stays as it is. A record may be older than the name that a person goes by now.
INSERT INTO provenance_agent
    (identifier, name, type, comment, email, affiliation, phone, address, url, public)
SELECT r.identifier, r.name, r.type, r.comment, r.email, r.affiliation, r.phone, r.address, r.url,
       false
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    identifier text, name text, type text, comment text, email text, affiliation text, phone text,
    address text, url text
)
ON CONFLICT (identifier) DO NOTHING
