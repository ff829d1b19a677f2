-- Databases in other encodings get the same codes, and characters are counted as such.
SELECT current_database() AS this \gset
CREATE DATABASE regress_latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\c regress_latin1
SET client_encoding = 'UTF8';
CREATE EXTENSION phisync;
SET phisync.key_command = 'echo 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
SELECT phisync.mask_pseudonym(U&'\00C5d\00E9le', 'name', 'study_a'), phisync.mask_partial(U&'\00C5d\00E9le', 1, 1), phisync.mask_partial(U&'\00C5d\00E9le', 1, 1, U&'\00B7');
SELECT phisync.mask_surrogate(U&'\00C5d\00E9le', 'name', 'study_a') = phisync.mask_surrogate(U&' \00C5d\00E9le', 'name', 'study_a') AS same;
\c :this
DROP DATABASE regress_latin1;
CREATE DATABASE regress_ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\c regress_ascii
SET client_encoding = 'SQL_ASCII';
CREATE EXTENSION phisync;
SET phisync.key_command = 'echo 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
-- Bytes that are UTF-8 count as such; others are refused, not passed on.
SELECT phisync.mask_pseudonym(E'\303\205d\303\251le', 'name', 'study_a'), phisync.mask_partial(E'\303\205d\303\251le', 1, 1) = E'\303\205***e' AS partial;
\set VERBOSITY sqlstate
SELECT phisync.mask_partial(E'\305d\351le', 1, 1);
\set VERBOSITY default
\c :this
DROP DATABASE regress_ascii;
