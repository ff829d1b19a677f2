# A value that no function of the server would have stored stops neither the stream nor a snapshot: the row gives an error
# record, the others come.
use strict;
use warnings FATAL => 'all';

use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('corrupt');
$node->init(allows_streaming => 'logical');
# Where pages have checksums, the server itself refuses what the test does to them.
$node->append_conf('postgresql.conf', "ignore_checksum_failure = on\nautovacuum = off\njit = off");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION phisync;
	CREATE ROLE reader;
	GRANT reader TO CURRENT_USER;
	SELECT phisync.create_consumer('reader', 'reader');
	CREATE TABLE note (id int PRIMARY KEY, mark text, packed text, seen int);
	CREATE TABLE tree (id int PRIMARY KEY, mark text, doc jsonb, seen int);
	CREATE TABLE list (id int PRIMARY KEY, mark text, of_numbers int[], seen int);
	CREATE TABLE amount (id int PRIMARY KEY, mark text, amount numeric, seen int);
	CREATE TABLE query (id int PRIMARY KEY, mark text, query tsquery, seen int);
	CREATE TABLE far (id int PRIMARY KEY, body text, seen int);
	ALTER TABLE far ALTER body SET STORAGE EXTERNAL;
	SELECT phisync.create_bucket(t, ARRAY['SELECT * FROM ' || t], profile => 'full') FROM unnest('{note,tree,list,amount,query,far}'::text[]) t;
	INSERT INTO note SELECT g, 'MARK' || g, repeat('abcdefghijklmnopqrstuvwxyz', 100), 0 FROM generate_series(1, 3) g;
	INSERT INTO tree SELECT g, 'MARK' || g, '{"first": "one", "list": [1, 2, 3]}', 0 FROM generate_series(1, 3) g;
	INSERT INTO list SELECT g, 'MARK' || g, '{7,8,9}', 0 FROM generate_series(1, 3) g;
	INSERT INTO amount SELECT g, 'MARK' || g, 123456789.25, 0 FROM generate_series(1, 3) g;
	INSERT INTO query SELECT g, 'MARK' || g, 'a & b', 0 FROM generate_series(1, 3) g;
	INSERT INTO far SELECT g, repeat('far', 5000), 0 FROM generate_series(1, 3) g;
	CHECKPOINT;});
my $data = $node->data_dir;
my %file = map { split /\|/ } split /\n/,
  $node->safe_psql('postgres', q{SELECT relname, pg_relation_filepath(oid) FROM pg_class WHERE relname IN ('note', 'tree', 'list', 'amount', 'query')});
my $toast = $node->safe_psql('postgres', q{SELECT reltoastrelid::regclass FROM pg_class WHERE relname = 'far'});
$file{toast} = $node->safe_psql('postgres', "SELECT pg_relation_filepath('$toast')");
my $chunk = $node->safe_psql('postgres', "SELECT DISTINCT chunk_id FROM $toast ORDER BY 1 OFFSET 1 LIMIT 1");
$node->stop;

# Overwrites bytes of the value that follows the mark of row 2.
sub damage
{
	my ($table, $at, $bytes) = @_;
	my $mark = $table eq 'toast' ? pack('VV', $chunk, 1) : 'MARK2';
	my $path = "$data/$file{$table}";
	my $page = slurp_file($path);
	my $found = index($page, $mark);
	die "no mark in $table" if $found < 0;
	$at += length $mark if $table ne 'toast';
	substr($page, $found + $at, length $bytes) = $bytes;
	open my $out, '>:raw', $path or die $!;
	print $out $page;
	close $out or die $!;
	return;
}
# The length of a long value takes four bytes, at a multiple of four, which is two bytes on; that of a short one takes one.
damage('note', 2 + 8, "\xff" x 64);               # what the compressed bytes refer to lies before them
damage('tree', 1 + 4, pack('V', 0x0fffffff));     # the length of the first key
damage('list', 1 + 12, pack('V', 0x00ffffff));    # the number of elements
damage('amount', 1 + 2, pack('v', 60000));        # the first group of four digits
damage('query', 2 + 9, pack('C', 5));             # the operator; the type is never packed
damage('toast', 4, pack('V', 77));                # the number of a piece of a value that is stored out of line
$node->start;

# Kinds and SQLSTATEs of the records about a table, in the order of the rows.
sub records
{
	my $table = shift;
	my @lines = map { JSON::PP->new->utf8->decode($_) } grep { /"type":"$table"|"relation":"public.$table"/ } split /\n/, shift;
	return join ' ', map { $_->{k} eq 'error' ? $_->{sqlstate} : "$_->{k} $_->{id}" } @lines;
}
my %expected = (note => 'XX001', tree => 'XX001', list => 'XX001', amount => 'XX001', query => 'XX000');
$node->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('s', 'phisync')});
# The server copies a value that it is not asked to look at.
$node->safe_psql('postgres', "UPDATE $_ SET seen = 1") for sort keys %expected;
$node->safe_psql('postgres', 'INSERT INTO note VALUES (9, NULL, NULL, 0)');
my $stream = $node->safe_psql('postgres', q{SELECT data FROM pg_logical_slot_get_changes('s', NULL, NULL, 'consumer', 'reader')});
is(records($_, $stream), "put 1 remove 2 $expected{$_} put 3" . ($_ eq 'note' ? ' put 9' : ''), "stream of $_") for sort keys %expected;
ok($stream !~ /MARK2/, 'nothing of the rows is shown');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_logical_slot_get_changes('s', NULL, NULL, 'consumer', 'reader')}), '0', 'the slot went on');

my ($taken, $warnings);
$node->psql('postgres', q{BEGIN; SELECT phisync.snapshot('reader'); REINDEX TABLE far; COMMIT}, stdout => \$taken, stderr => \$warnings);
is(records('far', $taken), 'put 1 XX001 put 3', 'snapshot of what is stored out of line');
is(records($_, $taken), "put 1 $expected{$_} put 3" . ($_ eq 'note' ? ' put 9' : ''), "snapshot of $_") for sort keys %expected;
unlike($warnings, qr/ERROR|leak|reference/, 'and nothing is left open');
is($node->safe_psql('postgres', q{SELECT count, errors FROM phisync.bucket_checksum('far[]')}), '2|1', 'it counts as an error');
like($node->safe_psql('postgres', q{SELECT reason FROM phisync.explain_row('far', '2')}), qr/it fails on this row \(XX001\)/, 'and is explained');
# An update that does not touch it is streamed without it.
$node->safe_psql('postgres', 'UPDATE far SET seen = 1');
$stream = $node->safe_psql('postgres', q{SELECT data FROM pg_logical_slot_get_changes('s', NULL, NULL, 'consumer', 'reader')});
is(records('far', $stream), 'put 1 put 2 put 3', 'the stream does not read what is not in the log');
$node->stop;
done_testing();
