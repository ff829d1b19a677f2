SELECT FROM pg_drop_replication_slot('regress_stream');
SELECT FROM phisync.consumer c, LATERAL phisync.drop_consumer(c.name) WHERE c.role = 'regress_stream_reader'::regrole;
SELECT FROM phisync.bucket b, LATERAL phisync.drop_bucket(b.name);
SET client_min_messages = warning;
DROP SCHEMA regress_stream CASCADE;
DROP ROLE regress_stream_reader;
