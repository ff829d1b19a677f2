# How slots are, and the way past a transaction that cannot be sent.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('slots');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'phisync'\nmax_slot_wal_keep_size = '1GB'\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION phisync;
CREATE ROLE phones LOGIN REPLICATION;
GRANT phones TO CURRENT_USER;
CREATE ROLE officer LOGIN IN ROLE phisync_officer;
CREATE ROLE auditor LOGIN IN ROLE phisync_auditor;
CREATE TABLE ratio (id int PRIMARY KEY, a int, b int);
SELECT phisync.create_bucket('ratio', ARRAY['SELECT id, a / b AS ratio FROM ratio'], profile => 'full');
SELECT phisync.create_consumer('phones', 'phones');
SELECT pg_create_logical_replication_slot('phones', 'phisync');
SELECT pg_create_logical_replication_slot('other', 'test_decoding');
INSERT INTO ratio VALUES (1, 4, 2);
INSERT INTO ratio VALUES (2, 4, 0);
INSERT INTO ratio VALUES (3, 4, 1);
SQL

sub slots
{
	$node->safe_psql('postgres', 'SELECT phisync.audit_flush()');
	return $node->safe_psql('postgres', shift // q{SELECT slot, consumer, active, state, last_error, lag_bytes > 0, budget_left > 0.9, advice IS NOT NULL FROM phisync.slots},
		extra_params => [ '-U', 'auditor' ]);
}
sub get
{
	my $n = shift;
	my ($rc, $out, $err) = $node->psql('postgres',
		"SELECT data FROM pg_logical_slot_get_changes('phones', NULL, $n, 'consumer', 'phones', 'on_error', 'stop')");
	return ($out, $err);
}
sub pass_over
{
	my ($lsn, @as) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', "SELECT phisync.skip_transaction('phones', '$lsn')",
		extra_params => [ @as, '-v', 'VERBOSITY=verbose' ]);
	return ($out, $err);
}

is(slots(), 'phones||f|waiting||t|t|t', 'a slot that nobody reads waits; slots of other plugins are left out');
my ($out, $err) = get(1);
like($out, qr/"id":"1"/, 'the first transaction comes');
($out, $err) = get('NULL');
like($err, qr/a change of table public\.ratio cannot be sent/, 'the second cannot be sent');
my ($lsn) = $err =~ m{associated LSN ([0-9A-F]+/[0-9A-F]+)};
is(slots(), 'phones||f|failing|22012|t|t|t', 'the slot is said to fail, and why');

my $end = $node->safe_psql('postgres', 'SELECT pg_current_wal_lsn()');
($out, $err) = pass_over($end);
like($err, qr/22023: $end is not in the next transaction of slot "phones"/, 'nothing is skipped but the next transaction');
my ($commit) = $err =~ m{was committed at ([0-9A-F]+/[0-9A-F]+)};
my ($at) = $node->safe_psql('postgres', q{SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = 'phones'});
($out, $err) = pass_over($lsn, '-U', 'officer');
like($err, qr/42501/, 'an officer needs REPLICATION');
($out, $err) = pass_over($lsn, '-U', 'phones');
like($err, qr/permission denied for function skip_transaction/, 'a consumer may not');
is($node->safe_psql('postgres', q{SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = 'phones'}), $at, 'the slot stays where it was');
$node->safe_psql('postgres', 'ALTER ROLE officer REPLICATION');
($out, $err) = pass_over($lsn, '-U', 'officer');
like($out, qr{^[0-9A-F]+/[0-9A-F]+$}, 'by the LSN of the change it is skipped');
like($err, qr/consumers of slot "phones" have missed a transaction/, 'with a warning');
($out, $err) = get('NULL');
unlike($out, qr/"id":"2"/, 'it does not come any more');
like($out, qr/"id":"3"/, 'and the one after it does');
is(slots(), 'phones||f|waiting|22012|t|t|t', 'the slot fails no more');

$node->safe_psql('postgres', 'INSERT INTO ratio VALUES (4, 4, 0); INSERT INTO ratio VALUES (5, 4, 1)');
($out, $err) = pass_over('0/1');
($commit) = $err =~ m{was committed at ([0-9A-F]+/[0-9A-F]+)};
($out, $err) = pass_over($commit);
like($out, qr{^[0-9A-F]+/[0-9A-F]+$}, 'by the LSN of its commit, too');
($out, $err) = get('NULL');
like($out, qr/"id":"5"/, 'the next one is there');
($out, $err) = pass_over($commit);
like($err, qr/22023: there is no transaction to skip/, 'where there is none, nothing happens');
($out, $err) = $node->psql('postgres', q{SELECT phisync.skip_transaction('other', '0/1')});
is($out, 3, 'a slot of another plugin is refused');

my ($stream_out, $stream_err) = ('', '');
my $run = IPC::Run::start([ 'pg_recvlogical', '--slot', 'phones', '--start', '--no-loop', '-f', '-', '-o', 'consumer=phones', '-d',
	'dbname=postgres user=phones port=' . $node->port . ' host=' . $node->host ], '>', \$stream_out, '2>', \$stream_err);
ok($node->poll_query_until('postgres', q{SELECT consumer = 'phones' AND state = 'streaming' AND pid IS NOT NULL FROM phisync.slots}),
	'a slot that is read says by which consumer');
($out, $err) = pass_over($commit);
like($err, qr/55006/, 'and nothing is skipped meanwhile');
$node->safe_psql('postgres', q{SELECT phisync.drop_consumer('phones')});
$run->finish;
is(slots(q{SELECT string_agg(command || ' ' || outcome, ', ' ORDER BY seq) FROM phisync.audit_log WHERE source = 'stream' AND session_role = 'phones' OR command = 'SKIP TRANSACTION'}),
	'SKIP TRANSACTION ok, SKIP TRANSACTION ok, START STREAM ok, END STREAM ok', 'the trail has it all');

$node->stop;
done_testing();
