# A changed label reaches the caches of other sessions and of logical decoding: the commit carries relcache
# invalidations for the relation, its heirs and the views on them, and for no others. So does the commit of an ALTER
# that changes what they inherit.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('invalidation');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', 'autovacuum = off');
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION phisync;
CREATE TABLE top (id int, day date, name text) PARTITION BY RANGE (day);
CREATE TABLE middle PARTITION OF top DEFAULT PARTITION BY LIST (id);
CREATE TABLE leaf PARTITION OF middle DEFAULT;
CREATE VIEW on_leaf AS SELECT name FROM leaf;
CREATE MATERIALIZED VIEW on_view AS SELECT upper(name) AS n FROM on_leaf;
CREATE TABLE other (name text);
CREATE SCHEMA s;
CREATE TABLE s.t (name text);
CREATE TABLE heir () INHERITS (s.t);
CREATE TABLE legacy (name text);
SQL
my %name = map { my ($oid, $name) = split /\|/; ($oid => $name) } split /\n/,
  $node->safe_psql('postgres', "SELECT oid, oid::regclass FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm')");

# Relations that the commit of this statement invalidates.
sub invalidated
{
	my $sql = shift;
	my $from = $node->safe_psql('postgres', 'SELECT pg_current_wal_insert_lsn()');
	$node->safe_psql('postgres', $sql);
	my $to = $node->safe_psql('postgres', 'SELECT pg_switch_wal()');
	my ($out, $err) = run_command([ 'pg_waldump', '-r', 'Transaction', '-p', $node->data_dir . '/pg_wal', '-s', $from, '-e', $to ]);
	my %seen;
	$seen{ $name{$_} // "other relation $_" } = 1 foreach map { /desc: COMMIT/ ? /relcache (\d+)/g : () } split /\n/, $out;
	return join ' ', sort keys %seen;
}

is(invalidated(q{SECURITY LABEL FOR phisync ON COLUMN top.name IS 'phi:name'}),
	'leaf middle on_leaf on_view top', 'a label on a parent reaches heirs and views, however deep');
is(invalidated(q{SECURITY LABEL FOR phisync ON COLUMN top.name IS NULL}),
	'leaf middle on_leaf on_view top', 'so does its removal');
is(invalidated(q{SECURITY LABEL FOR phisync ON TABLE middle IS 'phi'}),
	'leaf middle on_leaf on_view', 'and a label on a table, downwards alone');
is(invalidated(q{SECURITY LABEL FOR phisync ON COLUMN on_leaf.name IS 'none'}), 'on_leaf on_view', 'and one on a view');
is(invalidated(q{SECURITY LABEL FOR phisync ON SCHEMA s IS 'phi'}), 'heir s.t', 'and one on a schema');
is(invalidated(q{SECURITY LABEL FOR phisync ON SCHEMA s IS NULL}), 'heir s.t', 'and its removal');
is(invalidated(q{SECURITY LABEL FOR phisync ON COLUMN other.name IS 'none'}), 'other', 'other relations are left alone');

# The server itself invalidates only the altered relation.
is(invalidated('ALTER TABLE s.t INHERIT legacy'), 'heir legacy s.t', 'a new parent reaches the heirs');
is(invalidated('ALTER TABLE s.t NO INHERIT legacy'), 'heir s.t', 'so does its going');
is(invalidated('ALTER TABLE s.t SET SCHEMA public'), 'heir s.t', 'and another schema');
is(invalidated('CREATE OR REPLACE VIEW on_leaf AS SELECT name FROM other'), 'on_leaf on_view', 'and another query, to the views on the view');

$node->stop;
done_testing();
