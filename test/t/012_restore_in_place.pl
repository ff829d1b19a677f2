# Restores that meet what is there: over the database itself, and by an owner who is no officer; and pg_upgrade.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('here');
$node->init;
$node->start;
my $dir = $node->basedir;
my @to = ('-h', $node->host, '-p', $node->port);

$node->safe_psql('postgres', 'CREATE ROLE clinic LOGIN; CREATE DATABASE source');
$node->safe_psql('source', <<'SQL');
CREATE EXTENSION phisync;
CREATE SCHEMA app;
CREATE TABLE app.patient (id text PRIMARY KEY, name text, ssn text);
INSERT INTO app.patient VALUES ('p1', 'Ann', '123-45-6789');
CREATE TABLE app.visit (id int, day date, reason text) PARTITION BY RANGE (day);
CREATE TABLE app.visit_1 PARTITION OF app.visit DEFAULT;
CREATE VIEW app.names AS SELECT id, name FROM app.patient;
SELECT phisync.tag('app.patient', 'id', 'none;subject'), phisync.tag('app.patient', 'name', 'phi:name'), phisync.tag('app.patient', 'ssn', 'phi:ssn;conf=R'),
  phisync.tag('app.visit', 'reason', 'phi:clinical.dx;sens=HIV'), phisync.tag('app.visit', 'day', 'phi:date.service'), phisync.tag('app.visit', 'id', 'none');
SELECT phisync.create_profile('study', 'limited_dataset'), phisync.set_profile_rule('study', 'app.patient', 'name', 'redact');
SELECT phisync.create_bucket('all', ARRAY['SELECT id, name FROM app.patient'], profile => 'study');
SQL

sub state
{
	my ($on, $db) = @_;
	return $on->safe_psql($db, <<'SQL');
SELECT objtype, objname, label FROM pg_seclabels WHERE provider = 'phisync' ORDER BY 1, 2, 3;
SELECT relation, column_name, tag, source FROM phisync.tags ORDER BY relation::text, column_name;
SELECT bucket, outputs, transformed, refused FROM phisync.bucket_queries;
SQL
}
my $before = state($node, 'source');
like($before, qr/^all\|\{id,name\}\|\{"name": "redact"\}\|$/m, 'the source has tags, a profile and a bucket');

# Over itself: everything is dropped first, with the extension. A bucket holds on to its tables, as to any who would drop them.
$node->command_ok([ 'pg_dump', @to, '-Fc', '-f', "$dir/custom", 'source' ], 'pg_dump');
$node->command_fails_like([ 'pg_restore', '-e', '--clean', '--if-exists', @to, '-d', 'source', "$dir/custom" ],
	qr/bucket "all" needs.*SELECT phisync\.drop_bucket\('all'\)/s, 'pg_restore --clean is told what is in its way');
is(state($node, 'source'), $before, 'and has changed nothing');
$node->safe_psql('source', q{SELECT phisync.drop_bucket('all')});
$node->command_ok([ 'pg_restore', '-e', '--clean', '--if-exists', @to, '-d', 'source', "$dir/custom" ], 'pg_restore --clean over the database itself');
is(state($node, 'source'), $before, 'and all is as it was');
is($node->safe_psql('source', 'SELECT count(*) FROM app.patient'), 1, 'with its rows');

# An owner restores his own schema into a database where an administrator has put the extension.
$node->safe_psql('postgres', 'CREATE DATABASE owned OWNER clinic');
$node->safe_psql('owned', 'CREATE EXTENSION phisync');
$node->command_ok([ 'pg_dump', @to, '-Fc', '-n', 'app', '-f', "$dir/schema", 'source' ], 'pg_dump of a schema');
$node->command_ok([ 'pg_restore', '-e', '-j2', '--no-owner', '-U', 'clinic', @to, '-d', 'owned', "$dir/schema" ], 'pg_restore by the owner');
is($node->safe_psql('owned', q{SELECT string_agg(label, ' ' ORDER BY label) FROM phisync.tags WHERE relation = 'app.patient'::regclass}),
	'none;subject phi:name phi:ssn;conf=R', 'sets his tags');
my ($rc, $out, $err) = $node->psql('owned', q{SET ROLE clinic; SECURITY LABEL FOR phisync ON COLUMN app.patient.ssn IS 'none'});
like($err, qr/must be a member of phisync_officer to weaken the tag/, 'what is tagged he does not take away');

# pg_upgrade, to a cluster of the same version: the dump and restore that it does are those of any.
SKIP:
{
	# From 18 on it looks for libraries there alone, not along dynamic_library_path.
	skip 'pg_upgrade needs the library among those of the server', 5
	  if $node->pg_version >= 18 && !-e $node->config_data('--pkglibdir') . '/phisync.so';
	my $new = PostgreSQL::Test::Cluster->new('there');
	$new->init;
	$before = state($node, 'source');
	my $slots = $node->safe_psql('source', 'SELECT count(*) FROM pg_replication_slots');
	is($slots, 0, 'no slot is in the way');
	$node->stop;
	my @upgrade = ('pg_upgrade', '--no-sync', '-d', $node->data_dir, '-D', $new->data_dir, '-b', $node->config_data('--bindir'), '-B', $node->config_data('--bindir'),
		'-s', $new->host, '-p', $node->port, '-P', $new->port);
	chdir($dir) or die "cannot go to $dir";
	command_ok([ @upgrade, '--check' ], 'pg_upgrade --check');
	command_ok(\@upgrade, 'pg_upgrade');
	$new->start;
	is(state($new, 'source'), $before, 'and all is as it was');
	is($new->safe_psql('source', 'SELECT count(*) FROM app.patient'), 1, 'with its rows');
	$new->stop;
}
done_testing();
