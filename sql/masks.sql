-- Transformations as functions: what each makes of a value; nothing depends on the session.
SET TIME ZONE 'America/New_York';
SET DateStyle = 'ISO, YMD';
SET extra_float_digits = -5;
SET lc_numeric = 'C';

SELECT name, usage, types, fits_keys, needs_key, needs_subject FROM phisync.transformations();
SELECT phisync.canonical_transformation(t) FROM unnest(ARRAY['partial( 0 , 4 )', 'ip(v6=48, v4=16)', 'redact("not for you")', 'date_shift(30, study_a)']) t;
SELECT phisync.canonical_transformation('pseudonim(study_a)');
\echo :SQLSTATE
SELECT phisync.canonical_transformation('partial(0)');
SELECT phisync.canonical_transformation('bucket(0)');
SELECT phisync.canonical_transformation('keep;drop');

-- Texts.
SELECT phisync.mask_null('Ann'::text) IS NULL AS is_null, phisync.mask_redact('Ann'), phisync.mask_redact('Ann', '-'), phisync.mask_redact(NULL::text) IS NULL AS stays_null;
SELECT phisync.mask_redact(17), phisync.mask_redact(1.5), phisync.mask_redact(DATE '2024-02-29'), phisync.mask_redact(true),
       phisync.mask_redact('{"a":1}'::jsonb), phisync.mask_redact('192.0.2.1'::inet), phisync.mask_redact('abc'::bytea), phisync.mask_redact('x'::varchar(20));
SELECT phisync.mask_redact(TIMESTAMPTZ '2024-02-29 12:00+00') AT TIME ZONE 'UTC';
SELECT phisync.mask_redact(ARRAY[1]);
\echo :SQLSTATE
SELECT v, phisync.mask_partial(v, 0, 4) AS last4, phisync.mask_partial(v, 1, 1, '•') AS ends
FROM unnest(ARRAY['123-45-6789', '1234567', '123456', '', 'Zoë Ångström', '日本語の名前', NULL]) v;
SELECT phisync.mask_partial('Ann', 1, 65);
\echo :SQLSTATE
SELECT phisync.mask_partial('Ann', -1, 1);
SELECT phisync.mask_partial('Ann', 1, 1, 'Smith');
SELECT phisync.mask_email('ann@example.org'), phisync.mask_email('ann@example.org', true), phisync.mask_email('ann at example');
SELECT phisync.mask_url('https://Portal.example.org/patient/17?q=ann'), phisync.mask_url('https://192.0.2.1/'), phisync.mask_url('patient/17');

-- Places.
SELECT v, phisync.mask_zip3(v) FROM unnest(ARRAY['02139', '02139-4307', '03601', '89301', 'SW1A 1AA', '0213', '']) v;
SELECT v, phisync.mask_zip3(v) FROM unnest(ARRAY[2139, 10001, 3601, 100014307, 21394307, 0]) v;
SELECT phisync.mask_ip('192.0.2.77'::inet), phisync.mask_ip('2001:db8:1:2::3'::inet), phisync.mask_ip('192.0.2.77'::inet, 16), phisync.mask_ip('192.0.2.77'), phisync.mask_ip('n/a');
SELECT phisync.mask_ip('192.0.2.77'::inet, 33);
SELECT phisync.mask_latlon(40.7128), phisync.mask_latlon(-74.0060, 0.5), phisync.mask_latlon(40.7128::float8), phisync.mask_latlon(200.0) IS NULL AS out_of_range,
       phisync.mask_latlon('40.7128,-74.0060'::text), phisync.mask_latlon(point(40.7128, -74.0060)), phisync.mask_latlon(point('NaN', 0)) IS NULL AS no_point;

-- Dates.
SELECT d, phisync.mask_date_year(d), phisync.mask_date_month(d), phisync.mask_bucket(d, 7)
FROM unnest(ARRAY['2024-02-29', '1999-12-31', '0044-03-15 BC', 'infinity', '-infinity', '4714-11-24 BC']::date[]) d;
-- 31 December here is 1 January in UTC.
SELECT phisync.mask_date_year(t) AT TIME ZONE 'UTC' AS year, phisync.mask_date_month(t) AT TIME ZONE 'UTC' AS month, phisync.mask_bucket(t, 7) AT TIME ZONE 'UTC' AS week
FROM (VALUES (TIMESTAMPTZ '2023-12-31 20:00')) v (t);
SELECT phisync.mask_date_year(TIMESTAMP '2023-12-31 20:00'), phisync.mask_date_month(TIMESTAMP '2023-12-31 20:00');
SELECT as_of, phisync.mask_birth_year('1934-05-17'::date, as_of), phisync.mask_birth_month('1934-05-17'::date, as_of), phisync.mask_over_90('1934-05-17', as_of)
FROM unnest(ARRAY['2024-05-16 23:59:59.999999+00', '2024-05-17 00:00+00', '2025-01-01 00:00+00']::timestamptz[]) as_of;
SELECT phisync.mask_over_90('1936-02-29', '2026-02-27 12:00+00'), phisync.mask_over_90('1936-02-29', '2026-02-28 12:00+00');
SELECT phisync.mask_age90(89), phisync.mask_age90(90), phisync.mask_age90(117::bigint), phisync.mask_age90(89.9), phisync.mask_age90(90.1), phisync.mask_age90('NaN'::numeric) IS NULL AS no_age;
SELECT phisync.mask_bucket(44, 5), phisync.mask_bucket(-1, 5), phisync.mask_bucket(44::bigint, 10), phisync.mask_bucket(36.75, 0.5), phisync.mask_bucket(0.3::float8, 0.1);
SELECT phisync.mask_bucket(44, 0);
\echo :SQLSTATE
SELECT phisync.mask_bucket(1.5, -0.5);

-- In a view its reader needs no right but that on the view.
CREATE ROLE regress_masks_reader;
CREATE TABLE masks_patient (id int PRIMARY KEY, name text, zip text);
INSERT INTO masks_patient VALUES (1, 'Ann Smith', '02139'), (2, 'Bo', '03601');
CREATE VIEW masks_patient_masked WITH (security_barrier) AS
SELECT id, phisync.mask_partial(name, 1, 0) AS name, phisync.mask_zip3(zip) AS zip3 FROM masks_patient;
GRANT SELECT ON masks_patient_masked TO regress_masks_reader;
SET ROLE regress_masks_reader;
SELECT * FROM masks_patient_masked ORDER BY id;
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a');
\echo :SQLSTATE
SELECT phisync.mask_surrogate('123-45-6789', 'ssn', 'study_a');
SELECT phisync.mask_date_shift(DATE '2024-02-29', 'p1', 30, 'study_a');
SELECT phisync.set_zip3_restricted(2020, ARRAY['021']);
SELECT count(*) FROM phisync.surrogate;
RESET ROLE;

-- Another census.
SELECT census, count(*), min(zip3), max(zip3) FROM phisync.zip3_in_force GROUP BY census ORDER BY census;
SELECT phisync.set_zip3_restricted(2020, ARRAY['021', '021', '893']);
SELECT phisync.mask_zip3('02139'), phisync.mask_zip3('03601'), phisync.mask_zip3('89301');
BEGIN;
SELECT phisync.set_zip3_restricted(2020, ARRAY['036']);
SELECT phisync.mask_zip3('02139'), phisync.mask_zip3('03601');
ROLLBACK;
SELECT phisync.mask_zip3('02139'), phisync.mask_zip3('03601');
SELECT phisync.set_zip3_restricted(2020, '{}');
\echo :SQLSTATE
SELECT phisync.set_zip3_restricted(2020, '{21}');
\echo :SQLSTATE
SELECT phisync.set_zip3_restricted(NULL, NULL);
SELECT phisync.mask_zip3('02139'), phisync.mask_zip3('03601');

DROP VIEW masks_patient_masked;
DROP TABLE masks_patient;
DROP ROLE regress_masks_reader;
