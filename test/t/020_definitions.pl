# Bucket and consumer definitions come back from pg_dump and pg_restore, and work there.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump');
$node->init;
$node->start;

$node->safe_psql('postgres', <<'SQL');
CREATE DATABASE source;
CREATE ROLE sync_login LOGIN;
CREATE ROLE gone_login LOGIN;
CREATE ROLE leaver IN ROLE pg_read_all_data;
SQL
$node->safe_psql('source', <<'SQL');
CREATE EXTENSION phisync;
CREATE SCHEMA "Odd ""Schema";
CREATE TABLE staff (user_id text, clinic_id int);
CREATE TABLE patient (id int PRIMARY KEY, clinic_id int, ssn text);
CREATE TABLE "Odd ""Schema"."Visit; Table" (a int, b int, clinic_id int, PRIMARY KEY (a, b));
CREATE TABLE dropped (id int PRIMARY KEY);
ALTER TABLE patient REPLICA IDENTITY FULL;
ALTER TABLE "Odd ""Schema"."Visit; Table" REPLICA IDENTITY FULL;
SELECT phisync.tag('patient', 'ssn', 'phi:ssn'), phisync.tag('patient', 'id', 'none'), phisync.tag('patient', 'clinic_id', 'none');
SELECT phisync.create_bucket('clinic', ARRAY['SELECT * FROM patient WHERE clinic_id = bucket.clinic_id',
  $$SELECT a::text || '/' || b::text AS id, b FROM "Odd ""Schema"."Visit; Table" AS visit WHERE clinic_id = bucket.clinic_id AND b > 0$$],
  'SELECT clinic_id FROM staff WHERE user_id = auth.user_id()');
SELECT phisync.create_bucket('everybody', ARRAY['SELECT id FROM patient', 'SELECT id FROM dropped'], profile => 'full', priority => 1);
SELECT phisync.create_consumer('phones', 'sync_login', ARRAY['clinic']), phisync.create_consumer('gone', 'gone_login');
-- What a dump makes after the definitions are there: keys, identities that are indexes.
CREATE TABLE parted (id int, clinic_id int NOT NULL, note text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE part_1 (note text, gone int, clinic_id int NOT NULL, id int NOT NULL);
ALTER TABLE part_1 DROP COLUMN gone;
ALTER TABLE parted ATTACH PARTITION part_1 FOR VALUES FROM (1) TO (10);
CREATE UNIQUE INDEX part_1_identity ON part_1 (clinic_id, id);
ALTER TABLE part_1 REPLICA IDENTITY USING INDEX part_1_identity;
SELECT phisync.create_bucket('parts', ARRAY['SELECT *, upper(note) AS loud FROM parted WHERE bucket.clinic_id IN (id, clinic_id)'], 'SELECT clinic_id FROM staff', 'full', 0);
ALTER TABLE parted RENAME note TO remark;
GRANT phisync_officer TO leaver;
SET ROLE leaver;
SELECT phisync.create_bucket('leaver', ARRAY['SELECT id FROM patient'], profile => 'full');
RESET ROLE;
-- Behind phisync's back.
ALTER EVENT TRIGGER phisync_follow_drop DISABLE;
DROP TABLE dropped;
ALTER EVENT TRIGGER phisync_follow_drop ENABLE ALWAYS;
SQL
$node->safe_psql('postgres', 'DROP ROLE gone_login, leaver');

# Definitions as written, and what becomes of them.
sub definitions
{
	my $db = shift;
	return $node->safe_psql($db, <<'SQL');
SELECT name, parameters, parameter_names, profile, priority, definer FROM phisync.buckets WHERE name <> 'leaver' ORDER BY name;
SELECT bucket, ordinal, columns FROM phisync.bucket_query WHERE query NOT LIKE '%dropped' AND bucket <> 'leaver' ORDER BY 1, 2;
SELECT bucket, ordinal, relation, type, outputs, withholds, refused FROM phisync.bucket_queries WHERE refused IS DISTINCT FROM '42P01' AND bucket <> 'leaver' ORDER BY 1, 2;
SELECT * FROM phisync.consumers WHERE role_exists ORDER BY name;
SQL
}

my $before = definitions('source');
like($before, qr/^clinic\|0\|patient\|patient\|\{id,clinic_id\}\|t\|$/m, 'the source withholds what is tagged');
like($before, qr/^parts\|0\|parted\|parted\|\{id,clinic_id,remark,loud\}\|f\|$/m, 'and partitioned tables');
like($before, qr/^clinic\|1\|"Odd ""Schema"."Visit; Table"\|visit\|\{id,b\}\|f\|$/m, 'and knows odd names');
is($node->safe_psql('source', q{SELECT refused FROM phisync.bucket_queries WHERE query LIKE '%dropped'}),
	'42P01', 'a query whose table is gone is said to be refused');

my $dir = $node->basedir;
my @to = ('-h', $node->host, '-p', $node->port);
$node->command_ok([ 'pg_dump', @to, '-f', "$dir/plain.sql", 'source' ], 'pg_dump, plain');
$node->command_ok([ 'pg_dump', @to, '-Fc', '-f', "$dir/custom.dump", 'source' ], 'pg_dump, custom');

for my $way (
	[ 'plain', [ 'psql', '-X', @to, '-v', 'ON_ERROR_STOP=1', '-f', "$dir/plain.sql", '-d' ] ],
	[ 'custom', [ 'pg_restore', @to, '--exit-on-error', "$dir/custom.dump", '-d' ] ])
{
	my ($name, $command) = @$way;
	my $db = "restored_$name";
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->command_ok([ @$command, $db ], "$name: restored");
	is(definitions($db), $before, "$name: definitions are the same and work");
	# What points nowhere in the source must not point anywhere in the copy.
	is($node->safe_psql($db, q{SELECT count(*) FROM phisync.bucket_query WHERE query LIKE '%dropped'}),
		'0', "$name: the query of a dropped table is left behind");
	is($node->safe_psql($db, q{SELECT count(*) FROM phisync.consumer WHERE name = 'gone'}),
		'0', "$name: the consumer of a dropped role is left behind");
	is($node->safe_psql($db, q{SELECT count(*) FROM phisync.bucket, phisync.bucket_query WHERE 'leaver' IN (name, bucket)}),
		'0', "$name: so is the bucket of a dropped definer, who might be somebody else here");
	like($node->safe_psql($db, q{SELECT query FROM phisync.bucket_query WHERE bucket = 'parts'}), qr/upper\(remark\)/,
		"$name: a renamed column has its name");
	$node->psql($db, 'ALTER TABLE part_1 REPLICA IDENTITY DEFAULT', stderr => \my $refused);
	like($refused, qr/bucket "parts" needs the old values of "clinic_id"/, "$name: definitions follow DDL there, too");
	$node->safe_psql($db, q{SELECT phisync.drop_consumer('phones'), phisync.drop_bucket('clinic'), phisync.drop_bucket('parts')});
	is($node->safe_psql($db, 'SELECT name FROM phisync.buckets'), 'everybody', "$name: they can be dropped");
}

$node->stop;
done_testing();
