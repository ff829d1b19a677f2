# Enforcement of reads over several sessions: settings of roles and databases, changes of grants and tags under plans and
# transactions that are under way, parallel workers, pg_dump, and a server that does not preload the library.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('reads');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'phisync'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE clinic');
$node->safe_psql('clinic', <<'SQL');
CREATE EXTENSION phisync;
CREATE ROLE nurse LOGIN;
CREATE TABLE patient (id int PRIMARY KEY, name text, ssn text, ward text);
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'name', 'phi:name'), phisync.tag('patient', 'ssn', 'phi:ssn'),
  phisync.tag('patient', 'ward', 'none');
INSERT INTO patient SELECT i, 'Ann', 'canary', 'ward ' || i % 3 FROM generate_series(1, 10000) i;
ANALYZE patient;
GRANT SELECT ON patient TO nurse;
SQL

sub outcomes
{
	my $outcome = shift;
	return $node->safe_psql('clinic',
		"SELECT phisync.audit_flush(); SELECT count(*) FROM phisync.audit_log WHERE outcome = '$outcome'") =~ s/\n//r;
}

# What a session is told at its start binds it until its end.
my $running = $node->background_psql('clinic', extra_params => [ '-U', 'nurse' ], on_error_stop => 0);
is($running->query('SELECT ssn FROM patient WHERE id = 1'), 'canary', 'nothing is enforced');
$running->query('PREPARE early AS SELECT ssn FROM patient WHERE id = 1');
$node->safe_psql('clinic', "SELECT phisync.set_read_enforcement('deny', 'nurse')");
is($running->query('EXECUTE early'), 'canary', 'a session that runs keeps what it was told');
$running->quit;
my ($rc, $out, $err) = $node->psql('clinic', 'SELECT ssn FROM patient WHERE id = 1', extra_params => [ '-U', 'nurse' ]);
like($err, qr/permission denied for PHI of table patient/, 'a later session of the role is denied');
is($node->safe_psql('clinic', 'SELECT ssn FROM patient WHERE id = 1'), 'canary', 'another role is not');
like(outcomes('denied'), qr/^1$/, 'and it is in the trail');
for my $way ("SET phisync.read_enforcement = off", "RESET phisync.read_enforcement", "RESET ALL", "DISCARD ALL",
	"ALTER ROLE nurse RESET ALL", "SET SESSION AUTHORIZATION DEFAULT", "SELECT set_config('phisync.read_enforcement', 'off', false)",
	"UPDATE pg_settings SET setting = 'off' WHERE name = 'phisync.read_enforcement'")
{
	($rc, $out, $err) = $node->psql('clinic', "$way;\nSELECT ssn FROM patient WHERE id = 1",
		extra_params => [ '-U', 'nurse' ], on_error_stop => 0);
	like($err, qr/permission denied for PHI of table patient/, "not got round by $way");
	is(($out // '') =~ /canary/ ? 1 : 0, 0, '... and nothing is shown');
}
{
	local $ENV{PGOPTIONS} = '-c phisync.read_enforcement=off';
	($rc, $out, $err) = $node->psql('clinic', 'SELECT ssn FROM patient WHERE id = 1', extra_params => [ '-U', 'nurse' ]);
	like($err, qr/permission denied to set parameter/, 'nor by options of the connection');
	($rc, $out, $err) = $node->psql('clinic', 'SELECT 1');
	like($err, qr/cannot be weakened/, 'of a superuser neither');
	$ENV{PGOPTIONS} = '-c phisync.read_enforcement=deny';
	($rc, $out, $err) = $node->psql('clinic', 'SELECT ssn FROM patient WHERE id = 1');
	like($err, qr/permission denied for PHI/, 'who can be stricter to itself');
}

# Grants and tags count at once, for plans made before and in transactions that hold their locks and snapshots already.
for my $isolation ('READ COMMITTED', 'REPEATABLE READ')
{
	my $session = $node->background_psql('clinic', extra_params => [ '-U', 'nurse' ], on_error_stop => 0);
	my $try = sub {
		my $out = $session->query('SAVEPOINT s; EXECUTE p; ROLLBACK TO s');
		$session->{stderr} = '';
		return $out;
	};
	$session->query('PREPARE p AS SELECT ssn FROM patient WHERE id = 1');
	$session->query("BEGIN ISOLATION LEVEL $isolation; SELECT ward FROM patient WHERE id = 1; SET plan_cache_mode = force_generic_plan");
	is($try->(), '', "$isolation: no grant");
	$node->safe_psql('clinic', "SELECT phisync.grant_read('nurse', ARRAY['phi:ssn'])");
	is($try->(), 'canary', "$isolation: granted meanwhile");
	$node->safe_psql('clinic', "SELECT phisync.revoke_read('nurse')");
	is($try->(), '', "$isolation: revoked meanwhile");
	$node->safe_psql('clinic', "CREATE ROLE ward; GRANT ward TO nurse; SELECT phisync.grant_read('ward', ARRAY['phi:*'])");
	is($try->(), 'canary', "$isolation: granted to a role of which it was made a member");
	$node->safe_psql('clinic', 'REVOKE ward FROM nurse');
	is($try->(), '', "$isolation: and is no more");
	$node->safe_psql('clinic', "SELECT phisync.revoke_read('ward'); DROP ROLE ward");
	is($session->query('SELECT ward FROM patient WHERE id = 1'), 'ward 1', "$isolation: an untagged column");
	$node->safe_psql('clinic', "SELECT phisync.tag('patient', 'ward', 'phi:geo')");
	is($session->query('SAVEPOINT s; SELECT ward FROM patient WHERE id = 1; ROLLBACK TO s'), '', "$isolation: tagged meanwhile");
	$session->{stderr} = '';
	$node->safe_psql('clinic', "SELECT phisync.tag('patient', 'ward', 'none')");
	is($session->query('SELECT ward FROM patient WHERE id = 1'), 'ward 1', "$isolation: untagged meanwhile");
	# Not before it is committed, and not if it is not.
	my $officer = $node->background_psql('clinic');
	$officer->query("BEGIN; SELECT phisync.grant_read('nurse', ARRAY['phi:ssn'])");
	is($try->(), '', "$isolation: a grant that is not committed");
	$officer->query('ROLLBACK');
	is($try->(), '', "$isolation: nor ever");
	$officer->quit;
	$session->query('ROLLBACK');
	$session->quit;
}

# A cursor that is open goes on: the check is at its start.
$node->safe_psql('clinic', "SELECT phisync.grant_read('nurse', ARRAY['phi:ssn'])");
my $cursor = $node->background_psql('clinic', extra_params => [ '-U', 'nurse' ], on_error_stop => 0);
is($cursor->query('BEGIN; DECLARE c CURSOR FOR SELECT ssn FROM patient; FETCH 1 FROM c'), 'canary', 'a cursor is opened');
$node->safe_psql('clinic', "SELECT phisync.revoke_read('nurse')");
is($cursor->query('FETCH 1 FROM c'), 'canary', 'an open cursor goes on');
$cursor->query('ROLLBACK');
$cursor->quit;

# Parallel workers check for themselves, and record what goes on once.
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
my $wanted = "SELECT count(*) FROM patient WHERE ssn <> ''";
like($node->safe_psql('clinic', "$parallel EXPLAIN $wanted"), qr/Parallel/, 'a plan with workers');
$node->safe_psql('clinic', "SELECT phisync.grant_read('nurse', ARRAY['phi:ssn'], ARRAY['TREAT'])");
like($node->safe_psql('clinic', "$parallel SET phisync.purpose = 'TREAT'; $wanted",
		extra_params => [ '-U', 'nurse' ]), qr/^10000$/m, 'with a grant and a purpose, in parallel');
$node->safe_psql('clinic', "SELECT phisync.revoke_read('nurse'); SELECT phisync.set_read_enforcement('audit')");
my $before = outcomes('would_deny');
$node->safe_psql('clinic', "$parallel $wanted");
is(outcomes('would_deny') - $before, 1, 'audit: one event of a parallel query');

# pg_dump.
$node->safe_psql('clinic', "SELECT phisync.set_read_enforcement('deny'), phisync.grant_read('nurse', ARRAY['phi:name', 'phi:date'], ARRAY['TREAT'])");
my $file = $node->basedir . '/clinic.sql';
my @dump = ('pg_dump', '-f', $file, '-d', $node->connstr('clinic'));
command_fails_like(\@dump, qr/permission denied for PHI of table patient.*PGOPTIONS='-c phisync.superuser_reads=on'/s,
	'pg_dump says what to do');
{
	local $ENV{PGOPTIONS} = '-c phisync.superuser_reads=on';
	command_ok(\@dump, 'pg_dump does it');
}
is(outcomes('exempt'), '1', 'which is in the trail');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', $node->connstr('copy') ], 'the dump is restored');
is($node->safe_psql('copy', 'SELECT role, kind, purposes FROM phisync.read_grants ORDER BY kind'),
	"nurse|phi:date|{TREAT}\nnurse|phi:name|{TREAT}", 'with the grants');

# Loaded on demand, nothing is enforced, and phisync says so.
$node->safe_psql('clinic', 'ALTER DATABASE clinic RESET phisync.read_enforcement');
$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "''");
$node->restart;
is($node->safe_psql('clinic', 'SELECT phisync.checks_reads()'), 'f', 'nothing is checked');
($rc, $out, $err) = $node->psql('clinic', "SELECT phisync.set_read_enforcement('deny')");
like($err, qr/phisync is not preloaded.*shared_preload_libraries/s, 'enforcement is refused');
($rc, $out, $err) = $node->psql('clinic', "SELECT phisync.grant_read('nurse', ARRAY['phi:ssn'])");
like($err, qr/NOTICE:  reads are not checked/, 'a grant says that nothing obeys it');
like($node->safe_psql('clinic', q{SELECT status, finding FROM phisync.doctor() WHERE "check" = 'read enforcement'}),
	qr/^fail\|phisync.read_enforcement is set, and nothing enforces it/, 'doctor says so: nurse has a setting');

$node->stop;
done_testing();
