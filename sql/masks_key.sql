-- Transformations under a key: where it may come from, what it gives, and that nothing is given without it.
SELECT '/tmp/phisync_regress_key_' || pg_backend_pid() AS key_file \gset
SELECT 'umask 077; cat > ' || :'key_file' AS write, 'chmod 0640 ' || :'key_file' AS open_up, 'chmod 0600 ' || :'key_file' AS close,
       'rm -f ' || :'key_file' AS remove, 'cat ' || :'key_file' AS print \gset

SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a');
\echo :SQLSTATE
SELECT phisync.mask_date_shift(DATE '2024-02-29', 'p1', 30, 'study_a');
SELECT phisync.mask_surrogate('123-45-6789', 'ssn', 'study_a');

-- Keys that are refused; no error shows anything of them.
SET phisync.key_file = 'relative/key';
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a');
\echo :SQLSTATE
SET phisync.key_file = :'key_file';
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a');
COPY (SELECT '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e') TO PROGRAM :'write';
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a');
COPY (SELECT repeat('0', 64)) TO PROGRAM :'write';
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a');
COPY (SELECT '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f') TO PROGRAM :'write';
COPY (SELECT WHERE false) TO PROGRAM :'open_up';
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a');
SET phisync.key_file = '/tmp';
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a');
SET phisync.key_file = '';
SET phisync.key_command = 'exit 3';
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a');
\echo :SQLSTATE
SET phisync.key_command = 'yes 0123456789abcdef';
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a');
SET phisync.key_command = :'print';
SET phisync.key_file = :'key_file';
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a');

-- Pseudonyms. The codes are those that Python's hmac gives.
COPY (SELECT WHERE false) TO PROGRAM :'close';
SET phisync.key_command = '';
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a') AS of_ssn, phisync.mask_pseudonym(123456789, 'phi:ssn', 'study_a') AS of_number,
       phisync.mask_pseudonym('123456789', 'ssn', 'study_b') AS other_scope, phisync.mask_pseudonym('123456789', 'mrn', 'study_a') AS other_kind;
-- A letter with its ring and accent, in one character or in two.
SELECT phisync.mask_pseudonym(U&'\00C5d\00E9le', 'name.given', 'study_a') AS composed, phisync.mask_pseudonym(U&' A\030Ade\0301le', 'name', 'study_a') AS decomposed;
SELECT phisync.mask_pseudonym('', 'code', 'study_a') AS empty, phisync.mask_pseudonym(NULL::text, 'code', 'study_a') IS NULL AS is_null;
SET phisync.key_file = '';
SET phisync.key_command = :'print';
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a') AS by_command;
-- The session keeps the key that it has read, not that of another setting.
COPY (SELECT WHERE false) TO PROGRAM :'remove';
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a') AS kept;
SET phisync.key_command = 'echo 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff';
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a') <> '47GPAMZXK6AEB2EYFP6VEUV4WQ' AS other_key;
SET phisync.key_command = 'echo 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';

-- No value in an error, even one in the wrong place.
SELECT phisync.mask_pseudonym('study_a', '123-45-6789', 'ssn');
\echo :SQLSTATE
SELECT phisync.mask_pseudonym('123-45-6789', 'snn', 'study_a');
SELECT phisync.mask_pseudonym('ssn', 'ssn', '123-45-6789');
SELECT phisync.mask_date_shift(DATE '2024-02-29', 'p1', 0, 'study_a');

-- Date shifts: all dates of a subject alike.
SELECT s, phisync.mask_date_shift(DATE '2024-02-29', s, 30, 'study_a') - DATE '2024-02-29' AS days,
       phisync.mask_date_shift(TIMESTAMP '2024-02-29 10:30', s, 30, 'study_a') - TIMESTAMP '2024-02-29 10:30' AS of_timestamp,
       phisync.mask_date_shift(TIMESTAMPTZ '2024-02-29 10:30+00', s, 30, 'study_a') - TIMESTAMPTZ '2024-02-29 10:30+00' AS of_timestamptz
FROM (SELECT 'p' || g FROM generate_series(0, 3) g) v (s);
SELECT phisync.mask_date_shift(DATE 'infinity', 'p0', 30, 'study_a'), phisync.mask_date_shift(DATE '2024-02-29', NULL, 30, 'study_a') IS NULL AS no_subject,
       phisync.mask_date_shift(DATE '4714-11-24 BC', 'p0', 30, 'study_a') IS NULL AS out_of_range;

-- Surrogates: random, kept, not derived from the value.
SELECT phisync.mask_surrogate('A1', 'mrn', 'study_a') AS a1 \gset
SELECT length(:'a1'), phisync.mask_surrogate(' A1 ', 'mrn', 'study_a') = :'a1' AS same, phisync.mask_surrogate('A2', 'mrn', 'study_a') <> :'a1' AS other_value,
       phisync.mask_surrogate('A1', 'mrn', 'study_b') <> :'a1' AS other_scope, phisync.mask_pseudonym('A1', 'mrn', 'study_a') <> :'a1' AS no_pseudonym;
SELECT scope, kind, length(hmac), length(code) FROM phisync.surrogate WHERE scope LIKE 'study%' ORDER BY scope, kind, hmac;
BEGIN READ ONLY;
SELECT phisync.mask_surrogate('A1', 'mrn', 'study_a') = :'a1' AS look_up;
SELECT phisync.mask_surrogate('A3', 'mrn', 'study_a');
\echo :SQLSTATE
ROLLBACK;
-- A member of phisync_officer makes them, without a right on the table.
CREATE ROLE regress_masks_officer IN ROLE phisync_officer;
SET ROLE regress_masks_officer;
SELECT phisync.mask_surrogate(4711, 'mrn', 'study_a') = phisync.mask_surrogate('4711', 'mrn', 'study_a') AS kept;
SELECT count(*) FROM phisync.surrogate;
\set VERBOSITY sqlstate
SHOW phisync.key_command;
SET phisync.key_command = 'id';
\set VERBOSITY default
RESET ROLE;
DELETE FROM phisync.surrogate;
-- A setting made before the library is loaded, by somebody who may not, does not count; that of the database does, for all.
\c -
SET ROLE regress_masks_officer;
SET phisync.key_command = 'echo 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a');
RESET ROLE;
DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I SET phisync.key_command = %L', current_database(), 'echo 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
END $$;
\c -
SET ROLE regress_masks_officer;
SELECT phisync.mask_pseudonym('123-45-6789', 'ssn', 'study_a');
RESET ROLE;
DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I RESET phisync.key_command', current_database());
END $$;
DROP ROLE regress_masks_officer;
