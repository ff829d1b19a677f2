# What detection reads is in no message: not in the server's log at its most talkative, not in errors.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('detect');
$node->init;
$node->append_conf('postgresql.conf', qq{
log_statement = all
log_min_messages = debug2
log_min_error_statement = debug5
debug_print_plan = on
});
$node->start;

# The values are made by the server, so that no statement names them.
$node->safe_psql('postgres', q{
CREATE EXTENSION phisync;
CREATE TABLE patient (id int, ssn text, name text, doc json, note text);
INSERT INTO patient SELECT n, concat_ws('-', 530 + n, 22, 8800 + n), 'Can' || 'ary ' || n,
  json_build_object('ssn', concat_ws('-', 530 + n, 22, 8800 + n), 'Can' || 'ary' || n, 'Can' || 'ary'), repeat('Can' || 'ary ', 20)
FROM generate_series(1, 50) n;
CREATE TABLE bad (ssn text, doc json);
INSERT INTO bad SELECT concat_ws('-', 530 + n, 22, 8800 + n), ('{"k": "Can' || 'ary' || '\u0000"}')::json FROM generate_series(1, 5) n;
});
my $found = $node->safe_psql('postgres', q{SET client_min_messages = debug2; SELECT d::text FROM phisync.detect(ARRAY['public']) d});
like($found, qr/patient,ssn,ssn/, 'the column is found');
like($found, qr/bad,ssn,ssn.*""sampled"": 5/, 'a document that cannot be read is passed over');
my ($ret, $stdout, $stderr) = $node->psql('postgres',
	q{SET client_min_messages = debug2; SELECT count(*) FROM phisync.apply_suggestions(schemas => ARRAY['public'])});
is($ret, 0, 'suggestions are applied');
unlike("$found$stdout$stderr", qr/Canary|\d{3}-22-88\d\d/, 'no value in results and messages');
unlike(slurp_file($node->logfile), qr/Canary|\d{3}-22-88\d\d/, 'no value in the log');
$node->stop;
done_testing();
