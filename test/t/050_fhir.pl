# The FHIR example: real Synthea bundles fill its schema, whole and with keys that hold; a scale multiplies the patients.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $load = "$ENV{PHISYNC_EXAMPLES}/fhir/load";
my $scratch = PostgreSQL::Test::Utils::tempdir();
$ENV{FHIR_TARBALL} = "$scratch/package.tgz";

# Output and exit code of the loader with these arguments.
sub load
{
	my ($name, @arguments) = @_;
	my ($out, $err) = ("$scratch/$name.sql", "$scratch/$name.err");
	system("bash '$load' @arguments >'$out' 2>'$err'");
	return ($? >> 8, $out, slurp_file($err));
}

my ($rc, $one, $err) = load('one');
plan skip_all => "npm cannot fetch the bundles: $err" if $rc == 3;
is($rc, 0, 'the loader succeeds') or diag $err;

my ($again_rc, $again) = load('again');
is($again_rc, 0, 'a second run succeeds');
ok(slurp_file($one) eq slurp_file($again), 'the same input gives the same bytes');

my $node = PostgreSQL::Test::Cluster->new('fhir');
$node->init(allows_streaming => 'logical');
$node->start;
$node->safe_psql('postgres', "CREATE DATABASE $_") foreach qw(one three);

# Rows of each table of the schema, as "name count" lines.
sub counts
{
	my $db = shift;
	my $sql = join ' UNION ALL ',
	  map { "SELECT '$_', count(*) FROM fhir.$_" }
	  qw(clinic staff patient encounter observation condition medication_request immunization claim);
	return { map { split /\|/ } split /\n/, $node->safe_psql($db, $sql) };
}

my $connection = "-h '" . $node->host . "' -p " . $node->port;
is(system("psql -X -q -v ON_ERROR_STOP=1 $connection -d one -f '$one'"), 0, 'psql takes what the loader prints');
my %real = (
	clinic => 2, staff => 2, patient => 2, encounter => 45, observation => 203,
	condition => 12, medication_request => 10, immunization => 62, claim => 53);
is_deeply(counts('one'), \%real, 'all resources of the bundles are there');

is((load('three', '--scale 3 --', $connection, '-d three'))[0], 0, 'the loader loads by itself');
my %scaled = map { $_ => $real{$_} * (/clinic|staff/ ? 1 : 3) } keys %real;
is_deeply(counts('three'), \%scaled, 'scale 3 gives three times the patients and their charts');

# COPY has checked the foreign keys; these are rules that no constraint says.
is($node->safe_psql('three', <<'SQL'), 0, 'no row lies in the chart of another patient than its encounter');
SELECT count(*) FROM fhir.encounter e JOIN fhir.observation o ON o.encounter_id = e.id
WHERE o.patient_id <> e.patient_id
SQL
is($node->safe_psql('three', 'SELECT count(DISTINCT (mrn, ssn, phone, family)) FROM fhir.patient'),
	6, 'copies of a patient are told apart by what identifies them');

# The example's tags and buckets fit its schema.
my $example = "$ENV{PHISYNC_EXAMPLES}/fhir";
foreach my $file ('tags.sql', 'buckets.sql')
{
	is(system("psql -X -q -v ON_ERROR_STOP=1 $connection -d one -o /dev/null"
			. " -c 'CREATE EXTENSION IF NOT EXISTS phisync' -f '$example/$file'"),
		0, "$file runs");
}
is($node->safe_psql('one', <<'SQL'), '', 'every column is tagged by itself');
SELECT a.attrelid::regclass, a.attname
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' AND c.relnamespace = 'fhir'::regnamespace
LEFT JOIN phisync.tags t ON t.relation = a.attrelid AND t.column_name = a.attname AND t.source = 'own'
WHERE a.attnum > 0 AND NOT a.attisdropped AND t.tag IS NULL
SQL
is($node->safe_psql('one', 'SELECT count(*) FROM phisync.unclassified'), 0, 'and none is unclassified');

# Moving a patient moves the chart.
$node->safe_psql('one', <<'SQL');
UPDATE fhir.patient SET clinic_id = (SELECT id FROM fhir.clinic WHERE name LIKE 'CAPE%') WHERE given = 'Johnnie679'
SQL
is($node->safe_psql('one', "SELECT count(DISTINCT clinic_id) FROM fhir.observation"), 1,
	'the chart follows the patient to another clinic');

# A wrong package never reaches the database.
append_to_file($ENV{FHIR_TARBALL}, 'x');
my ($bad_rc, undef, $bad_err) = load('bad', '--', $connection, '-d one');
isnt($bad_rc, 0, 'a package with another digest is refused');
like($bad_err, qr/is not cql-exec-fhir-2\.2\.0\.tgz/, 'and the message says why');
foreach my $arguments ('--scale 0', '--scale x', '--unknown')
{
	isnt((load('usage', $arguments))[0], 0, "$arguments is refused");
}

done_testing();
