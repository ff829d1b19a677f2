# Tags and profiles survive pg_dump and pg_restore, in every usual way, on a server that does not preload the library.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump');
$node->init;
$node->start;
is($node->safe_psql('postgres', 'SHOW shared_preload_libraries'), '', 'nothing is preloaded');

$node->safe_psql('postgres', 'CREATE DATABASE source');
$node->safe_psql('source', <<'SQL');
CREATE EXTENSION phisync;
CREATE SCHEMA "Odd ""Schema";
CREATE TABLE patient (id text PRIMARY KEY, name text, was_text text, guardian text, guardian_name text);
INSERT INTO patient VALUES ('p1', 'Ann', 'true', 'p2', 'Bea');
CREATE TABLE "Odd ""Schema"."Visit; Table" (id int, patient text, day date, "Rea;son" text) PARTITION BY RANGE (day);
CREATE TABLE visit_all PARTITION OF "Odd ""Schema"."Visit; Table" DEFAULT;
CREATE VIEW names AS SELECT id, name, upper(guardian_name) AS guardian FROM patient;
CREATE MATERIALIZED VIEW counts AS SELECT count(*) AS n FROM patient;
SECURITY LABEL FOR phisync ON TABLE patient IS 'phi;conf=R';
SECURITY LABEL FOR phisync ON VIEW names IS 'phi';
SECURITY LABEL FOR phisync ON MATERIALIZED VIEW counts IS 'none';
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'name', 'phi:name.full;conf=V;sens=HIV,MH'),
  phisync.tag('patient', 'was_text', 'phi:freetext'), phisync.tag('patient', 'guardian_name', 'phi:name.relative;of=guardian'),
  phisync.tag('"Odd ""Schema"."Visit; Table"', 'Rea;son', 'phi:clinical.dx;of="Rea;son"'),
  phisync.tag('visit_all', 'day', 'phi:date.service'), phisync.tag('names', 'guardian', 'none');
-- Restricted ZIP prefixes of the user's own, and a surrogate.
SELECT phisync.set_zip3_restricted(2020, ARRAY['021']);
SET phisync.key_command = 'echo 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
SELECT phisync.mask_surrogate('p1', 'code', 'study_a');
-- A profile with rules for a class and for columns, one of which is renamed below.
SELECT phisync.create_profile('study', 'limited_dataset', '{HIV}', 'study_a'), phisync.set_profile_rule('study', 'phi:name', 'null'),
  phisync.set_profile_rule('study', 'patient', 'guardian', 'redact'), phisync.set_profile_rule('study', '"Odd ""Schema"."Visit; Table"', 'Rea;son', 'partial(1,0)');
-- What a check would refuse now must not be lost by a restore.
ALTER TABLE patient ALTER COLUMN was_text TYPE boolean USING was_text::boolean;
ALTER TABLE patient RENAME COLUMN guardian TO guardian_id;
SQL

# Surrogates of the rows of a table, and of those that come.
$node->safe_psql('source', <<'SQL');
SET phisync.key_command = 'echo 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
SELECT phisync.create_profile('coded'), phisync.set_profile_rule('coded', 'phi:name', 'surrogate');
CALL phisync.make_surrogates('coded', 'patient');
SQL

# Labels as stored, and tags as they take effect.
sub tags
{
	my $db = shift;
	return $node->safe_psql($db, <<'SQL');
SELECT objtype, objnamespace::regnamespace, objname, label FROM pg_seclabels WHERE provider = 'phisync' ORDER BY 1, 2, 3;
SELECT relation, column_name, tag, label, source, origin FROM phisync.tags ORDER BY relation::text, column_name;
SELECT * FROM phisync.profiles WHERE name = 'study';
SELECT * FROM phisync.profile_rules WHERE own ORDER BY class, relation::text;
SELECT * FROM phisync.treatments('study', 'patient');
SELECT phisync.mask_zip3('02139'), phisync.mask_zip3('03601'), scope, kind, hmac, code FROM phisync.surrogate ORDER BY hmac;
SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE tgfoid = 'phisync.surrogates_on_write()'::regprocedure;
SQL
}

my $before = tags('source');
like($before, qr/^column\|public\|patient\.was_text\|phi:freetext$/m, 'the source has its labels');
like($before, qr/^patient\|~phisync_surrogates\|A$/m, 'the source makes surrogates of rows that are written');
like($before, qr/^study\|\|patient\|guardian_id\|redact\|t$/m, 'the source has a rule for a column, under its new name');

# A new database, with the extension there already or not.
sub database
{
	my ($name, $present) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, 'CREATE EXTENSION phisync') if $present;
	return $name;
}

my $dir = $node->basedir;
my @to = ('-h', $node->host, '-p', $node->port);
$node->command_ok([ 'pg_dump', @to, '-f', "$dir/plain.sql", 'source' ], 'pg_dump, plain');
$node->command_ok([ 'pg_dump', @to, '-Fd', '-j2', '-f', "$dir/parallel", 'source' ], 'pg_dump, two workers');
foreach my $present (0, 1)
{
	my $with = $present ? 'with the extension there' : 'without the extension there';
	my $db = database("plain$present", $present);
	$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', @to, '-d', $db, '-f', "$dir/plain.sql" ], "psql, $with");
	is(tags($db), $before, "psql keeps the tags, $with");
	$db = database("parallel$present", $present);
	$node->command_ok([ 'pg_restore', '-e', '-j2', @to, '-d', $db, "$dir/parallel" ], "pg_restore -j2, $with");
	is(tags($db), $before, "pg_restore -j2 keeps the tags, $with");
}
is($node->safe_psql('plain1', 'SELECT name FROM patient'), 'Ann', 'the rows came too');
is($node->safe_psql('plain1', <<'SQL'), "2\n3", 'what is written after a restore has the codes of the dump, and gets those that are missing');
SET phisync.key_command = 'echo 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
UPDATE patient SET guardian_id = guardian_id;
SELECT count(*) FROM phisync.surrogate;
UPDATE patient SET guardian_name = 'Cia';
SELECT count(*) FROM phisync.surrogate;
SQL
# Labels of a restore that clear columns are events of the new database; they wait until its trail has the month.
my $events = q{SELECT count(*) FROM phisync.audit_log WHERE source = 'tag'};
my $waiting = $node->safe_psql('plain1', 'SELECT count(*) FROM phisync.audit_pending');
cmp_ok($waiting, '>', 0, 'a restore that clears columns is in the trail');
my $all = $node->safe_psql('plain1', $events);
$node->safe_psql('plain1', q{SELECT phisync.audit_table('patient')});
is($node->safe_psql('plain1', 'SELECT count(*) FROM phisync.audit_pending'), 0, 'and moves into the month when it is there');
is($node->safe_psql('plain1', $events), $all, 'without loss');

# Parts of a dump.
my $part = database('part', 1);
$node->command_ok([ 'pg_restore', '-e', @to, '-d', $part, '-t', 'patient', "$dir/parallel" ], 'pg_restore of one table');
is($node->safe_psql($part, q{SELECT label FROM phisync.tags WHERE relation = 'patient'::regclass AND column_name = 'name'}),
	'phi:name.full;conf=V;sens=HIV,MH', 'one table brings its tags');
my $bare = database('bare', 1);
$node->command_ok([ 'pg_restore', '-e', '--no-security-labels', @to, '-d', $bare, "$dir/parallel" ], 'pg_restore --no-security-labels');
is($node->safe_psql($bare, 'SELECT count(*) FROM phisync.tags'), 0, 'labels can be left behind');

# pg_dump puts schemas before extensions, so a schema's label comes when nothing has loaded the library: it needs the
# extension in the database beforehand, or the library preloaded for the session.
$node->safe_psql('source', q{SECURITY LABEL FOR phisync ON SCHEMA "Odd ""Schema" IS 'phi;default=error'});
$before = tags('source');
like($before, qr/^schema\|"Odd ""Schema"\|"Odd ""Schema"\|phi;default=error$/m, 'the source has a schema label');
$node->command_ok([ 'pg_dump', @to, '-f', "$dir/schema.sql", 'source' ], 'pg_dump with a schema label');
my @psql = ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', @to, '-f', "$dir/schema.sql", '-d');
$node->command_ok([ @psql, database('schema1', 1) ], 'psql of a schema label, with the extension there');
is(tags('schema1'), $before, 'keeps the tags');
$node->command_fails_like([ @psql, database('schema0', 0) ], qr/security label provider "phisync" is not loaded/,
	'psql of a schema label, without the extension there, fails');
{
	local $ENV{PGOPTIONS} = '-c session_preload_libraries=phisync';
	$node->command_ok([ @psql, database('schema2', 0) ], 'psql of a schema label, with session_preload_libraries');
}
is(tags('schema2'), $before, 'keeps the tags');

# It is the event trigger that makes this work.
my $without = database('without', 1);
$node->safe_psql($without, 'ALTER EVENT TRIGGER phisync_load_provider DISABLE; CREATE TABLE t (a text)');
my ($rc, $out, $err) = $node->psql($without, q{SECURITY LABEL FOR phisync ON COLUMN t.a IS 'phi:ssn'});
like($err, qr/security label provider "phisync" is not loaded/, 'without the event trigger the provider is not there');
$node->safe_psql($without, 'ALTER EVENT TRIGGER phisync_load_provider ENABLE ALWAYS');
$node->safe_psql($without, q{SET session_replication_role = replica; SECURITY LABEL FOR phisync ON COLUMN t.a IS 'phi:ssn'});
is($node->safe_psql($without, 'SELECT tag FROM phisync.tags'), 'phi:ssn', 'with it a fresh session can set labels, whatever its replication role');

# Labels outlive the extension; untag_all is the way out. So do triggers on tables, which hold it up until they are taken away.
($rc, $out, $err) = $node->psql('source', 'SELECT phisync.untag_all(); DROP EXTENSION phisync;');
is($out, 11, 'untag_all removes every label');
like($err, qr/trigger ~phisync_surrogates on table patient depends on function phisync.surrogates_on_write/, 'a table that makes surrogates is named');
$node->safe_psql('source', q{SELECT phisync.stop_surrogates('patient'); DROP EXTENSION phisync; UPDATE patient SET name = 'Dia'});
$node->safe_psql('schema1', q{DROP EXTENSION phisync CASCADE; UPDATE patient SET name = 'Dia'});
$node->command_ok([ 'pg_dump', @to, '-f', "$dir/untagged.sql", 'source' ], 'pg_dump after DROP EXTENSION');
unlike(slurp_file("$dir/untagged.sql"), qr/SECURITY LABEL/, 'the dump names no label');
$node->command_ok([ 'pg_dumpall', @to, '-g', '-f', "$dir/globals.sql" ], 'pg_dumpall -g');
unlike(slurp_file("$dir/globals.sql"), qr/SECURITY LABEL/, 'roles and databases carry no labels');

$node->stop;
done_testing();
