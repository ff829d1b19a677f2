# The stream end to end: a login that is no superuser reads it with pg_recvlogical, verifies every sum, and resumes
# after the server was killed.
use strict;
use warnings;
use IPC::Run qw(start finish);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Records;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('source');
$node->init(allows_streaming => 'logical');
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION phisync;
	CREATE ROLE app_consumer;
	CREATE ROLE app_login LOGIN REPLICATION IN ROLE app_consumer;
	CREATE ROLE stranger LOGIN REPLICATION;
	CREATE TABLE patient (id int PRIMARY KEY, clinic text NOT NULL, name text);
	ALTER TABLE patient REPLICA IDENTITY FULL;
	SELECT phisync.create_bucket('clinic', ARRAY['SELECT * FROM patient WHERE clinic = bucket.clinic'],
		$$SELECT auth.parameter('clinic') AS clinic$$, 'full');
	SELECT phisync.create_consumer('app', 'app_consumer');
});

my $listed = $node->safe_psql('postgres', q{SELECT current_setting('output_plugin_libraries', true) IS NOT NULL});
SKIP:
{
	skip 'this server has no allow-list of output plugins', 1 if $listed ne 't';
	my ($ret, $out, $err) = $node->psql('postgres', q{
		SET output_plugin_libraries = pgoutput, test_decoding;
		SELECT pg_create_logical_replication_slot('refused', 'phisync');});
	like($err, qr/library "phisync" may not be used as an output plugin/, 'an allow-list without phisync refuses it');
}

# receive(FILE, USER, OPTION...): the command of pg_recvlogical for the slot app.
sub receive
{
	my ($file, $user, @options) = @_;
	return [ 'pg_recvlogical', '-d', $node->connstr('postgres') . " user=$user", '--slot', 'app', @options, '-f', $file ];
}
my $dir = PostgreSQL::Test::Utils::tempdir;
$node->command_ok([ 'pg_recvlogical', '-d', $node->connstr('postgres') . ' user=app_login', '--slot', 'app',
		'--create-slot', '-P', 'phisync' ], 'a login with REPLICATION makes the slot');

# One transaction of many kinds, one larger than several messages.
$node->safe_psql('postgres', q{
	BEGIN;
	INSERT INTO patient SELECT g, 'c' || g % 3, E'n\u00e9\u2028"\\\\' || g FROM generate_series(1, 10) g;
	UPDATE patient SET clinic = 'c9' WHERE id <= 3;
	UPDATE patient SET id = 100 WHERE id = 4;
	DELETE FROM patient WHERE id = 5;
	COMMIT;
	INSERT INTO patient SELECT g, 'c1', repeat('x', 100) FROM generate_series(1001, 3000) g;
	TRUNCATE patient;
});
my $end = $node->safe_psql('postgres', 'SELECT pg_current_wal_lsn()');
$node->command_fails_like(receive("$dir/none", 'stranger', '--start', '--no-loop', '--endpos', $end, '-o', 'consumer=app'),
	qr/permission denied for consumer "app"/, 'a login outside the role is refused');
$node->command_fails_like(receive("$dir/none", 'app_login', '--start', '--no-loop', '--endpos', $end),
	qr/stream option "consumer" is missing/, 'the consumer must be named');
$node->command_ok(receive("$dir/first", 'app_login', '--start', '--no-loop', '--endpos', $end, '-o', 'consumer=app'),
	'the stream is received');
my @first = transactions(slurp_file("$dir/first"));
is(scalar(@first), 3, 'all transactions are complete, with right sums');
is($first[0]{commit}{count}, 10 + 6 + 2 + 1, 'put for each new row, remove where it left');
is(scalar(@{ $first[1]{records} }), 2000, 'a transaction in several messages');
is($first[2]{records}[0]{k}, 'clear', 'truncate clears');
like(slurp_file($node->logfile), qr/LOG:  phisync stream started: consumer "app", slot "app", role "app_login"/, 'the start is logged');
like(slurp_file($node->logfile), qr/LOG:  phisync stream ended: consumer "app", slot "app", role "app_login"/, 'the end is logged');

# The server is killed while rows are written and sent.
my $receiver = start receive("$dir/before", 'app_login', '--start', '--no-loop', '-s', '1', '-o', 'consumer=app', '-o', 'batch_bytes=1'),
	'2>', "$dir/before.err";
for my $i (1 .. 100)
{
	$node->safe_psql('postgres', join '', map { "INSERT INTO patient VALUES ($i$_, 'c', 'n');" } 0 .. 9);
	last if $i > 20 && -s "$dir/before" > 5000;
}
$node->kill9;
finish $receiver;
# A backend may outlive the postmaster for a moment; and where nobody reaps the postmaster, its locks seem held.
sleep 1;
unlink $node->data_dir . '/postmaster.pid', $node->host . '/.s.PGSQL.' . $node->port . '.lock';
$node->start;
$node->safe_psql('postgres', q{INSERT INTO patient SELECT g, 'c', 'after' FROM generate_series(50001, 50010) g});
my @before = transactions(slurp_file("$dir/before"));
cmp_ok(scalar(@before), '>', 0, 'something arrived before the server was killed');
my $acknowledged = $before[-1]{commit}{end};
$end = $node->safe_psql('postgres', 'SELECT pg_current_wal_lsn()');
$node->command_ok(receive("$dir/after", 'app_login', '--start', '--no-loop', '-I', $acknowledged, '--endpos', $end, '-o', 'consumer=app'),
	'the stream goes on');
my %seen;
$seen{ $_->{id} }++ for map { @{ $_->{records} } } @before, transactions(slurp_file("$dir/after"));
my @rows = split /\n/, $node->safe_psql('postgres', 'SELECT id FROM patient');
is(join(',', sort keys %seen), join(',', sort @rows), 'no row is lost');
is(scalar(grep { $_ != 1 } values %seen), 0, 'none comes twice');

$node->stop;
done_testing();
