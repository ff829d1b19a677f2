# Masked views and safe publications survive pg_dump and pg_restore, and follow changes in the new database.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('masked');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "phisync.key_command = 'echo 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE source');
$node->safe_psql('postgres', 'CREATE ROLE researcher; CREATE ROLE ward');
$node->safe_psql('source', <<'SQL');
CREATE EXTENSION phisync;
CREATE TABLE patient (id int PRIMARY KEY, gone text, name text, mrn text, born date, clinic text);
ALTER TABLE patient DROP COLUMN gone;
INSERT INTO patient VALUES (1, 'Annabel', 'M1', '1980-05-17', 'c1');
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'name', 'phi:name'), phisync.tag('patient', 'mrn', 'phi:mrn'),
  phisync.tag('patient', 'born', 'phi:date.birth'), phisync.tag('patient', 'clinic', 'none');
SELECT phisync.create_profile('study', 'safe_harbor');
SELECT phisync.set_profile_rule('study', 'phi:mrn', 'pseudonym'), phisync.set_profile_rule('study', 'patient', 'name', 'partial(1,0)');
SELECT phisync.create_masked_view('patient', 'study'), phisync.create_masked_view('patient', 'full', 'Other; "View"');
SELECT phisync.drop_masked_view('phi_masked."Other; ""View"""');
SELECT phisync.create_masked_view('patient', 'withhold', 'Other; "View"');
GRANT SELECT ON phi_masked.patient TO researcher;
GRANT SELECT (id) ON phi_masked.patient TO ward;
CREATE VIEW public.on_top AS SELECT id, mrn FROM phi_masked.patient;
SELECT FROM phisync.safe_publication('outside', 'limited_dataset');
SQL

sub state
{
	my $db = shift;
	return $node->safe_psql($db, <<'SQL');
SELECT view, relation, profile, columns, changed_by_hand FROM phisync.masked_views ORDER BY view::text;
SELECT c.oid::regclass, c.relowner::regrole, c.relacl, obj_description(c.oid, 'pg_class') FROM pg_class c WHERE c.relnamespace = 'phi_masked'::regnamespace ORDER BY c.relname;
SELECT * FROM phisync.safe_publication, phisync.safe_publication_table;
SELECT kind, object, relation, column_name FROM phisync.leaks ORDER BY 1, 2, 3, 4;
SET ROLE researcher;
SELECT * FROM phi_masked.patient;
SQL
}

my $before = state('source');
like($before, qr/\n1\|A\*{6}\|[A-Z2-7]{26}\|1980-01-01\|c1$/, 'the source shows what the profile makes of it');

my $dir = $node->basedir;
my @to = ('-h', $node->host, '-p', $node->port);
$node->command_ok([ 'pg_dump', @to, '-f', "$dir/plain.sql", 'source' ], 'pg_dump, plain');
$node->command_ok([ 'pg_dump', @to, '-Fd', '-j2', '-f', "$dir/parallel", 'source' ], 'pg_dump, two workers');
foreach my $present (0, 1)
{
	my $with = $present ? 'with the extension there' : 'without the extension there';
	foreach my $how ('plain', 'parallel')
	{
		my $db = "$how$present";
		$node->safe_psql('postgres', "CREATE DATABASE $db");
		$node->safe_psql($db, 'CREATE EXTENSION phisync') if $present;
		$node->command_ok(
			$how eq 'plain'
			? [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', @to, '-d', $db, '-f', "$dir/plain.sql" ]
			: [ 'pg_restore', '-e', '-j2', @to, '-d', $db, "$dir/parallel" ],
			"restored, $how, $with");
		is(state($db), $before, "all is as it was, $how, $with");
	}
}

# What is restored follows changes as what was made there.
$node->safe_psql('plain1', <<'SQL');
ALTER TABLE patient RENAME COLUMN clinic TO site;
SELECT phisync.set_profile_rule('study', 'patient', 'name', NULL);
ALTER TABLE patient DROP COLUMN name;
SELECT phisync.tag('patient', 'site', 'phi:geo.street');
SQL
is($node->safe_psql('plain1', 'SELECT id, length(mrn) FROM phi_masked.patient'), '1|26', 'a restored view follows');
is($node->safe_psql('plain1', 'SELECT * FROM phi_masked."Other; ""View"""'), '1', 'so does the other');
is( $node->safe_psql('plain1', "SELECT column_name FROM phisync.leaks WHERE object = 'outside'"),
	'site', 'a restored publication is watched');
isnt($node->psql('plain1', "SELECT phisync.drop_profile('study')"), 0, 'and its profile stays');
is( $node->safe_psql('plain1', "SELECT phisync.refresh_masked_views()"), '', 'nothing is out of date');

# pg_dump of another role's rights: without owners and grants nothing is shown.
$node->command_ok([ 'pg_dump', @to, '--no-owner', '--no-acl', '-f', "$dir/bare.sql", 'source' ], 'pg_dump, no owners and grants');
$node->safe_psql('postgres', 'CREATE DATABASE bare');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', @to, '-d', 'bare', '-f', "$dir/bare.sql" ], 'restored without them');
isnt($node->psql('bare', 'SET ROLE researcher; SELECT * FROM phi_masked.patient'), 0, 'nobody is granted the view');
$node->stop;
done_testing();
