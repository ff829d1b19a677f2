-- Records are UTF-8; a database in another encoding is refused when the slot is made, not when the first umlaut comes.
SELECT current_database() AS this \gset
CREATE DATABASE regress_latin1 ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_latin1
CREATE EXTENSION phisync;
SELECT pg_create_logical_replication_slot('regress_latin1', 'phisync');
SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'regress_latin1';
\c :this
DROP DATABASE regress_latin1;
