# Retention across crashes and restores: a killed run goes on, policies and holds are in the dump.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use IPC::Run;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('retention');
$node->init;
$node->append_conf('postgresql.conf', "wal_level = logical\nautovacuum = off\n");
$node->start;

$node->safe_psql('postgres', q{
	CREATE EXTENSION phisync;
	CREATE TABLE visit (id int PRIMARY KEY, patient text, ended date, filler text DEFAULT repeat('x', 100));
	INSERT INTO visit SELECT i, 'p' || i % 100, '2001-01-01' FROM generate_series(1, 5000) i;
	SELECT phisync.create_retention_policy('visit', 'visits', 'ended', max_retention => '1 year', subject => 'patient');
	SELECT phisync.place_legal_hold('case', 'litigation', subject => 'p7');
	SELECT phisync.place_legal_hold('row', 'complaint', 'visit', '{"id": 11}', case_id => 'C-2');
});

# The run stops in its third batch, at a row that another session has locked; then the server is killed.
my ($lock_in, $lock_out, $run_in, $run_out, $run_err) = ('', '', '', '', '');
my $timer = IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
my $lock = IPC::Run::start(
	[ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', \$lock_in, '>', \$lock_out, $timer);
$lock_in .= "BEGIN;\nSELECT 'locked' FROM visit WHERE id = 2500 FOR UPDATE;\n";
pump $lock until $lock_out =~ /locked/;
my $run = IPC::Run::start(
	[ 'psql', '-Xq', '-d', $node->connstr('postgres'), '-c', 'CALL phisync.run_retention(batch_rows => 1000)' ],
	'>', \$run_out, '2>', \$run_err, $timer);
$node->poll_query_until('postgres',
	q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'CALL phisync%' AND wait_event_type = 'Lock'})
  or die 'the run did not come to the locked row';
is($node->safe_psql('postgres', 'SELECT count(*) FROM visit'), '3000', 'two batches are committed');
$node->stop('immediate');
eval { $lock->finish };
eval { $run->finish };
$node->start;

is($node->safe_psql('postgres', 'SELECT count(*) FROM visit'), '3000', 'the killed batch left nothing behind');
is( $node->safe_psql('postgres', q{SELECT status, batches, disposed FROM phisync.retention_runs}),
	'unfinished|2|2000', 'the run is known and unfinished');
is( $node->safe_psql('postgres', q{SELECT sum(disposed) FROM phisync.dispositions}),
	'2000', 'the ledger says what was committed');

$node->safe_psql('postgres', 'CALL phisync.run_retention(batch_rows => 1000)');
is( $node->safe_psql('postgres', q{SELECT status, disposed, kept_by_hold FROM phisync.retention_runs}),
	'finished|4949|51', 'the next call ends the same run');
is( $node->safe_psql('postgres', q{SELECT sum(disposed), sum(kept_by_hold), count(*) FROM phisync.dispositions}),
	'4949|51|5', 'each batch is in the ledger once');
is( $node->safe_psql('postgres', q{SELECT count(*) FROM visit WHERE patient <> 'p7' AND id <> 11}),
	'0', 'only held rows are left');

# A dump carries policies, holds, guards and ledger.
my $dump = $node->backup_dir . '/dump.sql';
mkdir $node->backup_dir;
$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('postgres') ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('copy') ], 'restore');
for my $query (
	'SELECT name, relation, anchor, max_retention, subject, enabled, guarded, created_at FROM phisync.retention_policies',
	'SELECT * FROM phisync.legal_holds ORDER BY name',
	'SELECT * FROM phisync.dispositions ORDER BY id',
	'SELECT * FROM phisync.retention_runs ORDER BY run')
{
	is($node->safe_psql('copy', $query), $node->safe_psql('postgres', $query), "restored: $query");
}
my ($code, $out, $err) = $node->psql('copy', 'DELETE FROM visit WHERE id = 11');
like($err, qr/delete of "visit" would remove a row under legal hold/, 'the restored hold binds');
$node->safe_psql('copy', q{INSERT INTO visit VALUES (9001, 'p1', '2001-01-01'); CALL phisync.run_retention()});
is($node->safe_psql('copy', q{SELECT count(*) FROM visit WHERE id = 9001}), '0', 'the restored policy disposes');

$node->stop;
done_testing();
