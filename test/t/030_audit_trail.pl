# The way of read events to the trail: what is promised when the server, the writer or the disk lets go.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('audit');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'phisync'\nphisync.audit_queue_size = 256kB\n");
$node->start;

sub setup_database {
	my ($db) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql(
		$db, q{
		CREATE EXTENSION phisync;
		CREATE TABLE patient (id int PRIMARY KEY, ssn text);
		SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'ssn', 'phi:ssn');
		INSERT INTO patient SELECT i, 'canary' || i FROM generate_series(1, 10) i;
		SELECT phisync.audit_flush();
	});
}

sub reads_by {
	my ($db, $actor) = @_;
	return $node->safe_psql($db,
		"SELECT count(*) FROM phisync.audit_log WHERE source = 'read' AND application_user = '$actor'");
}

sub writer_of {
	my ($db) = @_;
	return $node->safe_psql('postgres',
		"SELECT pid FROM pg_stat_activity WHERE backend_type = 'phisync audit writer' AND datname = '$db'");
}

setup_database('one');
setup_database('two');

# Two databases, each with its own trail.
$node->safe_psql('one', "SET phisync.actor = 'alice'; SELECT ssn FROM patient WHERE id = 1; SELECT phisync.audit_flush()");
$node->safe_psql('two', "SET phisync.actor = 'bob'; SELECT ssn FROM patient; SELECT ssn FROM patient; SELECT phisync.audit_flush()");
is(reads_by('one', 'alice') . reads_by('one', 'bob'), '10', 'first database has its own events');
is(reads_by('two', 'alice') . reads_by('two', 'bob'), '02', 'second database has its own events');

# A database without the extension is none of our business: no writer, no error.
is($node->safe_psql('postgres', 'CREATE TABLE patient (ssn text); SELECT count(*) FROM patient'), '0', 'no extension, no audit');
is(writer_of('postgres'), '', 'no writer where the extension is not');

# Durability commit: what a client saw acknowledged is in the trail after everything was killed at once.
$node->safe_psql('postgres', "ALTER DATABASE one SET phisync.audit_durability = 'commit'");
for my $round (1 .. 3) {
	my $client = $node->background_psql('one', on_error_stop => 0);
	$client->query("SET phisync.actor = 'crash$round'");
	my $seen = 0;
	for (1 .. 5 + $round) { $client->query('SELECT ssn FROM patient WHERE id = 1'); $seen++; }
	# A cursor's first rows count as soon as they are delivered.
	$client->query("BEGIN; DECLARE c CURSOR FOR SELECT ssn FROM patient; FETCH 2 FROM c");
	$seen++;
	my @pids = split /\n/, $node->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
	$node->kill9;
	kill 'KILL', @pids;
	usleep(50_000) while grep { kill 0, $_ } @pids;
	eval { $client->quit };
	$node->start;
	is(reads_by('one', "crash$round"), $seen, "round $round: all $seen acknowledged reads survived the crash");
}

# A writer that is terminated writes what it has, and another one comes.
$node->safe_psql('two', 'SELECT ssn FROM patient; SELECT phisync.audit_flush()');
my $writer = writer_of('two');
like($writer, qr/^\d+$/, 'there is a writer');
is($node->safe_psql('two', "SELECT pg_terminate_backend($writer, 5000)"), 't', 'it can be terminated');
$node->safe_psql('two', "SET phisync.actor = 'after'; SELECT ssn FROM patient; SELECT phisync.audit_flush()");
is(reads_by('two', 'after'), '1', 'events are written after it');
isnt(writer_of('two'), $writer, 'by another process');

# Events that were queued but not flushed are written when the server stops in good order.
$node->safe_psql('two', "SET phisync.actor = 'stop'; SELECT ssn FROM patient WHERE id = $_") for 1 .. 3;
$node->restart;
is(reads_by('two', 'stop'), '3', 'a fast shutdown loses nothing');

# Many sessions at once through a small queue, events of many blocks included.
my $columns = join ', ', map { "column_with_a_rather_long_name_number_$_ text" } 1 .. 200;
$node->safe_psql('two', "CREATE TABLE wide (id int PRIMARY KEY, $columns)");
$node->safe_psql('two', "SELECT phisync.tag('wide', 'id', 'none'); DO \$\$ BEGIN FOR i IN 1 .. 200 LOOP PERFORM phisync.tag('wide', 'column_with_a_rather_long_name_number_' || i, 'phi:name'); END LOOP; END \$\$");
my $script = $node->basedir . '/load.sql';
append_to_file($script, "SELECT * FROM wide;\nSELECT ssn FROM patient WHERE id = 3;\n");
$ENV{PGAPPNAME} = 'load';
$node->command_ok(['pgbench', '-n', '-M', 'prepared', '-c', '8', '-t', '100', '-f', $script, 'two'], 'load through a small queue');
delete $ENV{PGAPPNAME};
$node->safe_psql('two', 'SELECT phisync.audit_flush()');
is( $node->safe_psql('two',
		"SELECT relations[1], count(*), min(cardinality(columns)) FROM phisync.audit_log WHERE application_name = 'load' GROUP BY 1 ORDER BY 1"),
	"public.patient|800|1\npublic.wide|800|200", 'every event arrived whole');

# When the trail cannot be written: error refuses the read, continue lets it go and leaves a gap.
$node->safe_psql('postgres', "ALTER DATABASE two SET phisync.audit_wait_timeout = 300");
my $blocker = $node->background_psql('two');
$blocker->query_safe('BEGIN; LOCK TABLE phisync.audit_trail IN ACCESS EXCLUSIVE MODE');
my ($rc, $out, $err) = $node->psql('two', "SET phisync.audit_durability = 'commit'; SELECT ssn FROM patient WHERE id = 1");
like($err, qr/statement on tagged columns is not recorded durably/, 'commit and error: the statement fails in time');
# Async goes on until the queue is full.
my $refused = 0;
for (1 .. 40) {
	($rc, $out, $err) = $node->psql('two', "SET phisync.audit_wait_timeout = 1; " . 'SELECT * FROM wide; ' x 50);
	if ($err =~ /audit queue is full/) { $refused = 1; last; }
}
ok($refused, 'async and error: refused once the queue is full');
my $lost = $node->safe_psql('two',
	"SET phisync.audit_on_failure = 'continue'; SET phisync.audit_wait_timeout = 1; SELECT * FROM wide; SELECT 'read' FROM patient WHERE ssn <> '' LIMIT 1; SELECT * FROM wide");
like($lost, qr/read/, 'continue: the statement goes on');
$node->safe_psql('one', 'SELECT ssn FROM patient WHERE id = 1; SELECT phisync.audit_flush()');
pass('another database still has room');
$blocker->query_safe('COMMIT');
$blocker->quit;
$node->safe_psql('two', "SET phisync.audit_wait_timeout = '60s'; SELECT phisync.audit_flush()");
my $gap = $node->safe_psql('two',
	"SELECT sum(lost_events), bool_and(started_at <= finished_at) FROM phisync.audit_log WHERE source = 'gap'");
like($gap, qr/^[1-3]\|t$/, 'the gap is in the trail with its count and time');

# The months.
is( $node->safe_psql('two',
		"SELECT count(*) FROM pg_inherits WHERE inhparent = 'phisync.audit_trail'::regclass AND inhrelid::regclass::text = 'phisync.audit_trail_' || to_char(now() AT TIME ZONE 'UTC', '\"y\"YYYY\"m\"MM')"),
	'1', 'the writer made the month');
$node->safe_psql('two', "SET timezone = 'Pacific/Auckland'; SELECT phisync.audit_partition('2031-12-31 23:30:00+00')");
is( $node->safe_psql('two',
		"SET timezone = 'UTC'; SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = phisync.audit_partition('2031-12-01 00:00:00+00')"),
	"FOR VALUES FROM ('2031-12-01 00:00:00+00') TO ('2032-01-01 00:00:00+00')", 'months are those of UTC');

# A dump carries the trail, and the copy goes on where it stopped.
my $dump = $node->basedir . '/two.sql';
$node->command_ok(['pg_dump', '-f', $dump, 'two'], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE three');
$node->command_ok(['psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, 'three'], 'restore');
$node->safe_psql('three', "SET phisync.actor = 'restored'; SELECT ssn FROM patient; SELECT phisync.audit_flush()");
# The restore itself is recorded while the sequence is not restored yet, so numbers may repeat; identities do not.
is($node->safe_psql('three', "SELECT count(DISTINCT event_id) = count(*), max(seq) FILTER (WHERE application_user = 'restored') = max(seq) FROM phisync.audit_log"),
	't|t', 'the restored trail is continued');
is($node->safe_psql('three', "SELECT count(*) FROM phisync.audit_log WHERE application_name = 'load'"), '1600', 'with all that was in it');

# Reads on a standby are not recorded, nor disturbed; once promoted it records.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
is($standby->safe_psql('two', "SET phisync.audit_durability = 'commit'; SELECT count(*) FROM patient WHERE ssn <> ''"), '10', 'reads work on a standby');
($rc, $out, $err) = $standby->psql('two', 'SELECT phisync.audit_flush()');
like($err, qr/a standby does not write the audit trail/, 'and it says who writes the trail');
$standby->promote;
$standby->safe_psql('two', "SET phisync.actor = 'promoted'; SELECT ssn FROM patient; SELECT phisync.audit_flush()");
is($standby->safe_psql('two', "SELECT count(*) FROM phisync.audit_log WHERE application_user = 'promoted'"), '1', 'recorded after promotion');
$standby->stop;

# Nothing of it holds a database that is to go, and dropping the extension ends its writer in peace, and takes the labels along.
$node->safe_psql('one', 'SELECT ssn FROM patient');
$node->safe_psql('postgres', 'ALTER DATABASE one RENAME TO first');
$node->safe_psql('first', 'SELECT ssn FROM patient');
$node->safe_psql('postgres', 'DROP DATABASE first');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'phisync audit writer' AND datname NOT IN ('two', 'three')"), '0', 'no writer without database');
$node->safe_psql('two', "SELECT ssn FROM patient; DROP EXTENSION phisync CASCADE; SELECT ssn FROM patient");
is($node->safe_psql('two', 'SELECT count(*) FROM patient'), '10', 'reads go on without the extension');
$node->safe_psql('two', q{CREATE EXTENSION phisync; SELECT phisync.tag('patient', 'ssn', 'phi:ssn'); SELECT ssn FROM patient WHERE id = 2; SELECT phisync.audit_flush()});
is($node->safe_psql('two', "SELECT count(*) FROM phisync.audit_log WHERE row_count = 1"), '1', 'and are recorded when it is back');

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|TRAP|terminated by signal (6|11)/, 'no crash of ours');
cmp_ok(scalar(() = $log =~ /background worker "phisync audit writer".*exited with exit code 1/g), '<', 5, 'no restart loop');

$node->stop;

# Without preload nothing is queued, so there is nothing to wait for.
$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "''");
$node->start;
($rc, $out, $err) = $node->psql('two', 'SELECT phisync.audit_flush()');
like($err, qr/phisync is not preloaded/, 'flushing needs preload, and says so');
$node->stop;
done_testing();
