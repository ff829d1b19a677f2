# What majors after 15 have and phisync must know: skipped where the server does not have it.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('majors');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'phisync'\n");
$node->start;
my $major = int($node->safe_psql('postgres', 'SHOW server_version_num') / 10000);
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION phisync;
CREATE ROLE nurse LOGIN;
SELECT phisync.set_read_enforcement('deny', 'nurse');
CREATE TABLE patient (id int PRIMARY KEY, ssn text, ward text);
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'ssn', 'phi:ssn'), phisync.tag('patient', 'ward', 'none');
GRANT SELECT, INSERT, UPDATE, DELETE ON patient TO nurse;
INSERT INTO patient VALUES (1, 'canary', 'w');
SQL

# denied SQL: the nurse may not run it, and is shown nothing.
sub denied
{
	my ($sql, $name) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', $sql, extra_params => [ '-U', 'nurse' ]);
	ok($err =~ /permission denied for PHI of table/ && $out !~ /canary/ && $err !~ /canary/, $name) or diag("$out\n$err");
	return;
}

sub allowed
{
	my ($sql, $expected, $name) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', $sql, extra_params => [ '-U', 'nurse' ]);
	is($out . $err, $expected, $name);
	return;
}

# refused SQL, PATTERN: as superuser.
sub refused
{
	my ($sql, $pattern, $name) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', $sql);
	like($err, $pattern, $name);
	return;
}

SKIP:
{
	skip 'decoding on a standby is of 16 and later', 4 if $major < 16;
	$node->safe_psql('postgres', <<'SQL');
CREATE ROLE phones LOGIN REPLICATION;
GRANT phones TO CURRENT_USER;
SELECT phisync.create_bucket('all', ARRAY['SELECT id, ward, ssn FROM patient'], profile => 'withhold');
SELECT phisync.create_consumer('phones', 'phones', ARRAY['all']);
SQL
	$node->backup('base');
	my $standby = PostgreSQL::Test::Cluster->new('standby');
	$standby->init_from_backup($node, 'base', has_streaming => 1);
	$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\n");
	$standby->start;
	# The slot waits for a list of running transactions, which the primary is asked to write.
	my $create = IPC::Run::start([ 'psql', '-XAtq', '-d', $standby->connstr('postgres'), '-c',
		"SELECT pg_create_logical_replication_slot('there', 'phisync')" ], '<', \'', '>', \my $created, '2>', \my $problem);
	for (1 .. 300)
	{
		last unless $create->pumpable;
		$node->safe_psql('postgres', 'SELECT pg_log_standby_snapshot()');
		$create->pump_nb;
		select undef, undef, undef, 0.1;
	}
	$create->finish;
	is($problem, '', 'a slot is made on a standby');
	$node->safe_psql('postgres', "INSERT INTO patient VALUES (2, 'canary', 'x')");
	$node->wait_for_replay_catchup($standby);
	my $get = "SELECT data FROM pg_logical_slot_get_changes('there', NULL, NULL, 'consumer', 'phones')";
	my ($rc, $out, $err) = $standby->psql('postgres', $get);
	like($out, qr/"id":2,"ward":"x"/, 'it gives the changes');
	unlike("$out$err", qr/canary/, 'without what is withheld');
	$node->safe_psql('postgres', "SELECT phisync.alter_bucket('all', profile => 'full'); INSERT INTO patient VALUES (3, 'shown', 'y')");
	$node->wait_for_replay_catchup($standby);
	($rc, $out, $err) = $standby->psql('postgres', $get);
	like($out, qr/"ssn":"shown"/, 'and follows definitions of the primary');
	$standby->stop;
	$node->safe_psql('postgres', "SELECT phisync.drop_consumer('phones'); SELECT phisync.drop_bucket('all'); DELETE FROM patient WHERE id > 1");
}

SKIP:
{
	skip 'MERGE RETURNING is of 17 and later', 3 if $major < 17;
	my $merge = "MERGE INTO patient USING (VALUES (1)) s (id) ON patient.id = s.id WHEN MATCHED THEN UPDATE SET ward = 'm' RETURNING";
	allowed("$merge patient.ward", 'm', 'MERGE gives what may be read');
	denied("$merge patient.ssn", 'and not what may not');
	denied("$merge *", 'nor the whole row');
}

SKIP:
{
	skip 'virtual generated columns and RETURNING old are of 18 and later', 1 if $major < 18;

	my $update = "UPDATE patient SET ward = 'n' WHERE id = 1 RETURNING";
	allowed("$update old.ward, new.ward", 'm|n', 'RETURNING gives old and new of what may be read');
	denied("$update old.ssn", 'RETURNING old of what may not');
	denied("$update new.ssn", 'RETURNING new of what may not');
	denied("$update WITH (OLD AS o) o", 'RETURNING the old row');
	denied('DELETE FROM patient WHERE id = 1 RETURNING new.id, old.ssn IS NULL', 'RETURNING an expression over it');
	denied("INSERT INTO patient VALUES (1, 'x', 'y') ON CONFLICT (id) DO UPDATE SET ward = 'z' RETURNING old.ssn", 'RETURNING what a conflict is with');

	# Virtual columns are as sensitive as what they are computed from.
	$node->safe_psql('postgres', <<'SQL');
CREATE TABLE visit (id int PRIMARY KEY, ssn text, ward text, tail text GENERATED ALWAYS AS (right(ssn, 4)), place text GENERATED ALWAYS AS ('ward ' || ward) VIRTUAL);
ALTER TABLE visit REPLICA IDENTITY FULL;
SELECT phisync.tag('visit', 'id', 'none;subject'), phisync.tag('visit', 'ssn', 'phi:ssn'), phisync.tag('visit', 'ward', 'none');
INSERT INTO visit VALUES (1, 'canary', 'w');
GRANT SELECT ON visit TO nurse;
CREATE ROLE phones2 LOGIN REPLICATION;
GRANT phones2 TO CURRENT_USER;
SELECT phisync.create_consumer('phones', 'phones2');
SELECT pg_create_logical_replication_slot('here', 'phisync');
SQL
	is($node->safe_psql('postgres', "SELECT column_name, tag, source FROM phisync.effective_tags('visit') ORDER BY attnum OFFSET 3"),
		"tail|phi:ssn|generated\nplace|none|generated", 'virtual columns have the tags of what they are made of');
	denied('SELECT tail FROM visit', 'a virtual column of PHI is read as PHI');
	denied("SELECT id FROM visit WHERE tail = 'nary'", 'a condition reads it as well');
	allowed('SELECT id, place FROM visit', '1|ward w', 'one of other columns is read');
	refused("SELECT phisync.create_bucket('v', ARRAY['SELECT * FROM visit'])",
		qr/a data query cannot use the virtual generated column "tail"/, 'a data query that takes it with * is refused');
	refused("SELECT phisync.create_bucket('v', ARRAY['SELECT id FROM visit WHERE tail > ''x'''])",
		qr/virtual generated column "tail"/, 'nor is it in a filter');
	refused("SELECT phisync.create_bucket('v', ARRAY['SELECT id FROM visit WHERE place = bucket.place'], 'SELECT ward AS place FROM patient')",
		qr/virtual generated column "place"/, 'nor does it bind a parameter');
	# A bucket with * meets a virtual column that is added later.
	$node->safe_psql('postgres', "CREATE TABLE news (id int PRIMARY KEY, title text); SELECT phisync.create_bucket('news', ARRAY['SELECT * FROM news'], profile => 'full')");
	refused("ALTER TABLE news ADD COLUMN upper text GENERATED ALWAYS AS (upper(title))",
		qr/virtual generated column "upper"/, 'a virtual column is not added under a * that could not send it');
	$node->safe_psql('postgres', "INSERT INTO news VALUES (1, 'one')");
	my $changes = "SELECT data FROM pg_logical_slot_get_changes('here', NULL, NULL, 'consumer', 'phones')";
	like($node->safe_psql('postgres', $changes), qr/"title":"one"/, 'and the stream goes on');
	# Masked views compute it from the row, and treat the result.
	$node->safe_psql('postgres', "SELECT phisync.create_masked_view('visit', 'safe_harbor')");
	my $shown = $node->safe_psql('postgres', 'SELECT v::text FROM phi_masked.visit v');
	unlike($shown, qr/nary/, 'a masked view does not give it');
	$shown = $node->safe_psql('postgres', "SELECT phisync.preview('safe_harbor', 'visit')");
	like($shown, qr/"place": ?"ward w"/, 'a preview computes virtual columns');
	unlike($shown, qr/nary/, 'and treats them');
	# A copy's columns have their tags.
	$node->safe_psql('postgres', 'CREATE TABLE copied AS SELECT tail, place FROM visit');
	is($node->safe_psql('postgres', "SELECT column_name, tag FROM phisync.effective_tags('copied') ORDER BY attnum"),
		"tail|phi:ssn\nplace|none", 'a copy takes the tags along');
	# Audited rows.
	$node->safe_psql('postgres', "SELECT phisync.audit_table('visit'); UPDATE visit SET ward = 'x'; SELECT phisync.audit_flush()");
	is($node->safe_psql('postgres', "SELECT count(*) FROM phisync.audit_log WHERE row_key IS NOT NULL AND relations[1] = 'public.visit'"), '1',
		'a row with virtual columns is audited');
	# Keys over periods identify rows by no equality: no bucket over them.
	$node->safe_psql('postgres', 'CREATE TABLE stay (room int4range, during daterange, PRIMARY KEY (room, during WITHOUT OVERLAPS))');
	refused("SELECT phisync.create_bucket('stay', ARRAY['SELECT room::text || during::text AS id FROM stay'])", qr/ERROR/, 'a key over a period is refused');
}

done_testing();
