# The year of birth goes at 90, as of the commit: where that is not known yet, in parts of a transaction in progress, and
# where the day comes without a change of the row.
use strict;
use warnings FATAL => 'all';
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Records;
use Test::More;

# A server whose clock starts anew at that time with each start.
my ($faketime) = grep { -e } glob('/usr/lib/*/faketime/libfaketime.so.1');
ok($faketime, 'libfaketime is installed') or BAIL_OUT('install the package faketime');
my $node = PostgreSQL::Test::Cluster->new('ages');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "logical_decoding_work_mem = 64kB\n");
sub start_at
{
	local @ENV{qw(LD_PRELOAD FAKETIME FAKETIME_DONT_FAKE_MONOTONIC TZ)} = ($faketime, "\@$_[0]", 1, 'UTC');
	$node->start;
	is($node->safe_psql('postgres', q{SELECT (now() AT TIME ZONE 'UTC')::date}), substr($_[0], 0, 10), "it is $_[0]");
}
start_at('2024-05-16 12:00:00');
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION phisync;
CREATE ROLE phones LOGIN REPLICATION;
GRANT phones TO CURRENT_USER;
CREATE TABLE patient (id int PRIMARY KEY, born date, note text);
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'born', 'phi:date.birth'), phisync.tag('patient', 'note', 'none');
SELECT phisync.create_bucket('safe', ARRAY['SELECT id, born FROM patient'], profile => 'safe_harbor');
SELECT phisync.create_bucket('all', ARRAY['SELECT id, born FROM patient'], profile => 'full');
SELECT phisync.create_bucket('notes', ARRAY['SELECT id, note FROM patient'], profile => 'safe_harbor');
SELECT phisync.create_consumer('phones', 'phones');
CREATE FUNCTION fill(first int, n int) RETURNS void LANGUAGE sql AS
  $$INSERT INTO patient SELECT g, CASE WHEN g % 2 = 0 THEN '1980-05-17' ELSE '1901-05-17' END::date, repeat('n', 100) FROM generate_series(first, first + n - 1) g$$;
SQL
sub new_slot
{
	$node->safe_psql('postgres', "SELECT pg_create_logical_replication_slot('$_[0]', 'phisync')");
}
sub peek
{
	my ($slot, $streaming) = @_;
	return $node->safe_psql('postgres',
		"SELECT string_agg(data, chr(10)) FROM pg_logical_slot_peek_changes('$slot', NULL, NULL, 'consumer', 'phones', 'streaming', '$streaming')");
}
# A consumer's rows {bucket}{id}, as they are after these transactions; and the patterns of buckets to take anew.
sub apply
{
	my ($held, @transactions) = @_;
	my %anew;
	for my $record (map { @{ $_->{records} } } @transactions)
	{
		if ($record->{k} eq 'put') { $held->{$_}{ $record->{id} } = $record->{data} for @{ $record->{buckets} }; }
		if ($record->{k} eq 'policy') { $anew{$_}++ for @{ $record->{buckets} }; }
	}
	return \%anew;
}
# The contents of a bucket, as a snapshot has them.
sub snapshot
{
	my ($bucket) = @_;
	my $held = {};
	my $text = $node->safe_psql('postgres', "SELECT phisync.snapshot('phones', ARRAY['$bucket'])");
	apply($held, transactions("{\"k\":\"hello\"}\n$text"));  # which a snapshot has none of
	return $held->{"${bucket}[]"};
}
# The different years in a bucket, of odd ids and of even ones.
sub years
{
	my ($rows, $odd) = @_;
	my %seen = map { ($rows->{$_}{born} // 'null') => 1 } grep { $_ % 2 == $odd } keys %$rows;
	return join ' ', sort keys %seen;
}

# Parts are sent before anybody knows the time of the commit: no year there, and the consumer is told to come back for it.
new_slot('parts');
$node->safe_psql('postgres', 'BEGIN; SELECT fill(1, 1000); COMMIT; SELECT fill(2001, 2)');
my ($held, $seen) = ({}, {});
my @in_parts = transactions(peek('parts', 'on'), $seen);
cmp_ok($seen->{stream_start} // 0, '>', 1, 'the large transaction comes in parts');
is(scalar(@in_parts), 2, 'both transactions come');
my $anew = apply($held, $in_parts[0]);
is(scalar(keys %{ $held->{'safe[]'} }), 1000, 'all rows are in the bucket');
is(scalar(grep { !exists $_->{born} } values %{ $held->{'safe[]'} }), 0, 'each with the member');
is(years($held->{'safe[]'}, 0) . '/' . years($held->{'safe[]'}, 1), 'null/null', 'but without a year, of young and old alike');
is(years($held->{'all[]'}, 0) . '/' . years($held->{'all[]'}, 1), '1980-05-17/1901-05-17', 'where dates are kept they are sent');
is_deeply($anew, { 'safe[*]' => 1 }, 'that bucket alone is to be taken anew, and it is said once');
my ($policy) = grep { $_->{k} eq 'policy' } @{ $in_parts[0]{records} };
is($policy->{what}, 'ages not known before the commit', 'with the reason');
ok(exists $policy->{version} && !defined $policy->{version}, 'and no version, as no definition has changed');
# What a consumer that does as it is told has in the end: what it would have without parts.
$held->{'safe[]'} = snapshot('safe');
apply($held, $in_parts[1]);
my $whole = {};
is_deeply(apply($whole, transactions(peek('parts', 'off'))), {}, 'whole, nothing is to be taken anew');
is(years($whole->{'safe[]'}, 0) . '/' . years($whole->{'safe[]'}, 1), '1980-01-01/null', 'whole, years to 90 come');
is_deeply($held, $whole, 'in parts and then taken anew it is the same');
# A later change of a row in a small transaction has the year.
$node->safe_psql('postgres', 'UPDATE patient SET born = born + 1 WHERE id = 2');
is(apply($held = {}, (transactions(peek('parts', 'on')))[2]) && $held->{'safe[]'}{2}{born}, '1980-01-01', 'a small transaction has the year');

# The word counts only if the part of the transaction does that said it, so each part says it for itself.
new_slot('undone');
$node->safe_psql('postgres', <<'SQL');
BEGIN;
SAVEPOINT a;
SELECT fill(3001, 1000);
ROLLBACK TO a;
INSERT INTO patient SELECT g, NULL, repeat('n', 100) FROM generate_series(5001, 5010) g;
SAVEPOINT b;
SELECT fill(6001, 1000);
RELEASE b;
SELECT fill(8001, 1000);
COMMIT;
SQL
my @undone = transactions(peek('undone', 'on'), $seen = {});
is($seen->{stream_commit}, 1, 'it comes in parts');
$anew = apply($held = {}, @undone);
is_deeply([ sort keys %$anew ], ['safe[*]'], 'of what remains the bucket is to be taken anew');
is(scalar(grep { $_ < 5000 } keys %{ $held->{'safe[]'} }), 0, 'what was rolled back is not there');
$held->{'safe[]'} = { %{ snapshot('safe') }{ keys %{ $held->{'safe[]'} } } };
apply($whole = {}, transactions(peek('undone', 'off')));
is_deeply($held, $whole, 'taken anew it is the same as whole');

# A birthday is no change of the row: the sweep sends it again, and the consumer loses the year.
$node->safe_psql('postgres', q{TRUNCATE patient; SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots});
new_slot('days');
$node->safe_psql('postgres', q{INSERT INTO patient VALUES (1, '1934-05-17', 'turns 90 tomorrow'), (2, '1934-05-16', 'today'), (3, '1934-05-18', 'in two days')});
$held = {};
# Gives what has come since it was last asked, and takes it.
sub get
{
	my $text = $node->safe_psql('postgres', "SELECT string_agg(data, chr(10)) FROM pg_logical_slot_get_changes('days', NULL, NULL, 'consumer', 'phones')");
	my @transactions = transactions($text);
	apply($held, @transactions);
	return join ' ', sort map { $_->{k} eq 'put' && grep({ $_ eq 'safe[]' } @{ $_->{buckets} }) ? $_->{id} : () } map { @{ $_->{records} } } @transactions;
}
sub born { return join ' ', map { $held->{'safe[]'}{$_}{born} // 'null' } 1 .. 3; }
sub sweep { return $node->safe_psql('postgres', 'SELECT * FROM phisync.age_sweep()'); }
is(get(), '1 2 3', 'three people');
is(born(), '1934-01-01 null 1934-01-01', 'one is 90');
is(sweep(), 'patient|1', 'the first sweep takes who is');
is(get(), '2', 'and sends that row');
is(born(), '1934-01-01 null 1934-01-01', 'the others keep the year');
$node->stop;
start_at('2024-05-17 12:00:00');
is(get(), '', 'on the next day nothing comes by itself');
is(sweep(), 'patient|1', 'the sweep finds the birthday');
is(get(), '1', 'sends the row again');
is(born(), 'null null 1934-01-01', 'and the year is gone');
is($held->{'all[]'}{1}{born}, '1934-05-17', 'where dates are kept it stays');
is(sweep(), 'patient|0', 'another sweep of the same day finds nobody');
$node->stop;
start_at('2024-05-18 00:00:00');
is(sweep(), 'patient|1', 'from the first moment of the day');
is(get() . ' ' . born(), '3 null null null', 'the third follows');
is_deeply(snapshot('safe'), $held->{'safe[]'}, 'as a snapshot has it');

$node->stop;
done_testing();
