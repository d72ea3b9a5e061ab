-- A history of mosaics with deep reuse, entered at once: what a million calls of the recorder would
-- have left. :jobs mosaics, each of 50 of :windows Science Windows in one of 10 energy bands.
-- Shadowgrams and images are made once and used again; each mosaic finds sources, cleans its 50
-- images with them, adds them up again, and gives 4 products.
-- Lineages are written as the store writes them: the test of the store shows that they are true,
-- and the benchmark compares some with walks over these relations.

CREATE TEMP TABLE spec AS SELECT %(jobs)s::bigint AS jobs, %(windows)s::bigint AS windows;

-- entities: events w; shadowgram, image (band, w); per job j 56: mosaic, sources, 50 clean,
-- final mosaic, 4 products (1 + 1 + 50 + 1 + 4 = 57)
CREATE TEMP TABLE base AS
SELECT windows AS w, jobs AS mosaics, windows AS g0, windows * 11 AS i0,
       windows * 21 AS j0
FROM spec;

INSERT INTO provenance_entity (id, identifier, entity_class, name, location, public)
OVERRIDING SYSTEM VALUE
SELECT n, 'ivo://bench/e?' || n, 'DatasetEntity', 'entity ' || n,
       CASE WHEN n <= b.w THEN 'scw/' || n ELSE NULL END, true
FROM base AS b, generate_series(1, b.j0 + b.mosaics * 57) AS n;

-- shadowgram a: 1 .. 10w; image a: 10w+1 .. 20w; job a: 20w + 54 (j-1) + k
INSERT INTO provenance_activity (id, identifier, name, status, public, start_time, end_time)
OVERRIDING SYSTEM VALUE
SELECT n, 'ivo://bench/a?' || n,
       CASE WHEN n <= b.w * 10 THEN 'shadowgram' WHEN n <= b.w * 20 THEN 'sky_image'
            ELSE 'mosaic' END,
       'completed', true, now(), now()
FROM base AS b, generate_series(1, b.w * 20 + b.mosaics * 54) AS n;

INSERT INTO provenance_was_generated_by (activity_id, entity_id, role, public)
SELECT n, b.w + n, 'image', true FROM base AS b, generate_series(1, b.w * 20) AS n
UNION ALL
SELECT b.w * 20 + (j - 1) * 54 + k, b.j0 + (j - 1) * 57 + k, 'image', true
FROM base AS b, generate_series(1, b.mosaics) AS j, generate_series(1, 53) AS k
UNION ALL
SELECT b.w * 20 + j * 54, b.j0 + (j - 1) * 57 + 53 + k, 'product', true
FROM base AS b, generate_series(1, b.mosaics) AS j, generate_series(1, 4) AS k;

-- the k-th of 50 images of job j: band j %% 10, windows from a start that repeats
CREATE TEMP TABLE taken AS
SELECT j, k, (j %% 10) * b.w + ((j * 37) + k) %% b.w + 1 AS n
FROM base AS b, generate_series(1, b.mosaics) AS j, generate_series(1, 50) AS k;

INSERT INTO provenance_used (activity_id, entity_id, role, public)
SELECT n, (n - 1) %% b.w + 1, 'events', true FROM base AS b, generate_series(1, b.w * 10) AS n
UNION ALL
SELECT b.w * 10 + n, b.g0 + n, 'shadowgram', true
FROM base AS b, generate_series(1, b.w * 10) AS n
UNION ALL
SELECT b.w * 20 + (t.j - 1) * 54 + 1, b.i0 + t.n, 'image', true FROM base AS b, taken AS t
UNION ALL
SELECT b.w * 20 + (j - 1) * 54 + 2, b.j0 + (j - 1) * 57 + 1, 'mosaic', true
FROM base AS b, generate_series(1, b.mosaics) AS j
UNION ALL
SELECT b.w * 20 + (t.j - 1) * 54 + 2 + t.k, input, 'image', true
FROM base AS b, taken AS t,
     LATERAL (VALUES (b.g0 + t.n), (b.i0 + t.n), (b.j0 + (t.j - 1) * 57 + 2)) AS i (input)
UNION ALL
SELECT b.w * 20 + (j - 1) * 54 + 53, b.j0 + (j - 1) * 57 + 2 + k, 'image', true
FROM base AS b, generate_series(1, b.mosaics) AS j, generate_series(1, 50) AS k
UNION ALL
SELECT b.w * 20 + j * 54, b.j0 + (j - 1) * 57 + k, 'mosaic', true
FROM base AS b, generate_series(1, b.mosaics) AS j, (VALUES (2), (53)) AS i (k);

INSERT INTO provenance_lineage_source (descendant_id, block_id, distance, public)
SELECT n, n, 0, true FROM base AS b, generate_series(b.w + 1, b.j0 + b.mosaics * 57) AS n
UNION ALL
-- sources and clean images share the rows of the first mosaic, products those of the last
SELECT b.j0 + (j - 1) * 57 + k, b.j0 + (j - 1) * 57 + CASE WHEN k <= 52 THEN 1 ELSE 53 END,
       CASE WHEN k BETWEEN 3 AND 52 THEN 2 ELSE 1 END, true
FROM base AS b, generate_series(1, b.mosaics) AS j, generate_series(2, 57) AS k WHERE k <> 53;

INSERT INTO provenance_lineage (descendant_id, ancestor_id, depth, public)
SELECT b.g0 + n, (n - 1) %% b.w + 1, 1, true FROM base AS b, generate_series(1, b.w * 10) AS n
UNION ALL
SELECT b.i0 + n, a, d, true
FROM base AS b, generate_series(1, b.w * 10) AS n,
     LATERAL (VALUES (b.g0 + n, 1), ((n - 1) %% b.w + 1, 2)) AS i (a, d)
UNION ALL
SELECT b.j0 + (t.j - 1) * 57 + 1, a, d, true
FROM base AS b, taken AS t,
     LATERAL (VALUES (b.i0 + t.n, 1), (b.g0 + t.n, 2), ((t.n - 1) %% b.w + 1, 3)) AS i (a, d)
UNION ALL
SELECT b.j0 + (j - 1) * 57 + 2, b.j0 + (j - 1) * 57 + 1, 1, true
FROM base AS b, generate_series(1, b.mosaics) AS j
UNION ALL
SELECT b.j0 + (t.j - 1) * 57 + 2 + t.k, a, d, true
FROM base AS b, taken AS t,
     LATERAL (VALUES (b.i0 + t.n, 1), (b.g0 + t.n, 1), (b.j0 + (t.j - 1) * 57 + 2, 1),
                     (b.j0 + (t.j - 1) * 57 + 1, 2), ((t.n - 1) %% b.w + 1, 2)) AS i (a, d)
UNION ALL
SELECT b.j0 + (t.j - 1) * 57 + 53, a, d, true
FROM base AS b, taken AS t,
     LATERAL (VALUES (b.j0 + (t.j - 1) * 57 + 2 + t.k, 1), (b.i0 + t.n, 2), (b.g0 + t.n, 2),
                     ((t.n - 1) %% b.w + 1, 3)) AS i (a, d)
UNION ALL
SELECT b.j0 + (j - 1) * 57 + 53, b.j0 + (j - 1) * 57 + k, 4 - k, true
FROM base AS b, generate_series(1, b.mosaics) AS j, (VALUES (1), (2)) AS i (k)
UNION ALL
SELECT b.j0 + (j - 1) * 57 + 53 + p, b.j0 + (j - 1) * 57 + k, d, true
FROM base AS b, generate_series(1, b.mosaics) AS j, generate_series(1, 4) AS p,
     (VALUES (53, 1), (2, 1), (1, 2)) AS i (k, d);

SELECT setval(pg_get_serial_sequence('provenance_entity', 'id'), max(id)) FROM provenance_entity;
SELECT setval(pg_get_serial_sequence('provenance_activity', 'id'), max(id))
FROM provenance_activity;
ANALYZE provenance_entity, provenance_activity, provenance_used, provenance_was_generated_by,
    provenance_lineage, provenance_lineage_source
