# The recipes of docs/sync.md: a snapshot exported with a slot, then the stream from it, while others write, never misses
# or doubles a row; and buckets rebuilt in the middle of the stream, after a change of tags, from a second snapshot; and once
# more, after definition and tags have changed between that snapshot and its reading.
use strict;
use warnings;
use IPC::Run qw(start finish pump timeout);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('source');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "max_replication_slots = 10\nmax_wal_senders = 10");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION phisync;
	CREATE ROLE app_consumer;
	CREATE ROLE app_login LOGIN REPLICATION IN ROLE app_consumer;
	CREATE TABLE patient (id int PRIMARY KEY, clinic text, name text, note text, open bool NOT NULL DEFAULT true);
	CREATE TABLE visit (id int, year int, clinic text NOT NULL, PRIMARY KEY (id, year)) PARTITION BY LIST (year);
	CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES IN (2025);
	CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES IN (2026);
	ALTER TABLE patient REPLICA IDENTITY FULL;
	ALTER TABLE visit REPLICA IDENTITY FULL;
	ALTER TABLE visit_2025 REPLICA IDENTITY FULL;
	ALTER TABLE visit_2026 REPLICA IDENTITY FULL;
	SELECT phisync.tag('patient', c, 'none') FROM unnest('{id,clinic,name,note,open}'::name[]) c;
	SELECT phisync.create_bucket('clinic', ARRAY[
		'SELECT id, name, note FROM patient WHERE clinic = bucket.clinic AND open',
		$$SELECT id::text || '-' || year::text AS id FROM visit WHERE clinic = bucket.clinic$$],
		$$SELECT auth.parameter('clinic') AS clinic$$);
	SELECT phisync.create_bucket('list', ARRAY['SELECT id FROM patient']);
	SELECT phisync.create_consumer('app', 'app_consumer');
	-- What writers do; rows that exist already, or not, make a subtransaction that is undone.
	CREATE FUNCTION churn(i int, what int, c text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		IF what < 25 THEN INSERT INTO patient VALUES (i, c, 'n' || i, repeat(md5(i::text), CASE WHEN i % 20 = 0 THEN 300 ELSE 1 END));
		ELSIF what < 40 THEN UPDATE patient SET name = name || what WHERE id = i;
		ELSIF what < 50 THEN UPDATE patient SET clinic = nullif(c, 'c5') WHERE id = i;
		ELSIF what < 55 THEN UPDATE patient SET open = NOT open WHERE id BETWEEN i AND i + 3;
		ELSIF what < 60 THEN UPDATE patient SET id = -id WHERE id = i;
		ELSIF what < 68 THEN DELETE FROM patient WHERE id IN (i, -i);
		ELSIF what < 85 THEN INSERT INTO visit VALUES (i, 2025 + i % 2, c);
		ELSIF what < 93 THEN UPDATE visit SET year = 4051 - year WHERE id = i;
		ELSE DELETE FROM visit WHERE id = i;
		END IF;
	EXCEPTION WHEN unique_violation THEN NULL;
	END $$;
	SELECT churn(g, 1, 'c' || g % 6) FROM generate_series(1, 400) g;
	SELECT churn(g, 70, 'c' || g % 6) FROM generate_series(1, 400) g;
});
my $dir = PostgreSQL::Test::Utils::tempdir;

sub lsn
{
	my ($high, $low) = split m{/}, $_[0];
	return (hex($high) << 32) + hex($low);
}

# Applies a transaction to buckets: bucket -> type and subkey -> [id, data]. `wanted` says of which buckets.
sub apply
{
	my ($state, $transaction, $wanted) = @_;
	for my $record (@{ $transaction->{records} })
	{
		if ($record->{k} eq 'put' || $record->{k} eq 'remove')
		{
			for my $bucket (grep { $wanted->($_) } @{ $record->{buckets} })
			{
				my $key = "$record->{type} $record->{subkey}";
				if ($record->{k} eq 'put') { $state->{$bucket}{$key} = [ $record->{id}, $record->{data} ]; }
				else { delete $state->{$bucket}{$key} or die "remove of what is not there: $bucket $key"; }
			}
		}
		elsif ($record->{k} ne 'policy') { die "unexpected record $record->{k} $record->{sqlstate}"; }
	}
	return;
}

# Complete transactions in lines of records.
sub transactions
{
	my (@complete, $open);
	for my $record (map { JSON::PP->new->utf8->decode($_) } split /\n/, $_[0])
	{
		if ($record->{k} eq 'begin') { $open = { %$record, records => [] }; }
		elsif ($record->{k} eq 'commit')
		{
			die "count" if $record->{count} != @{ $open->{records} };
			push @complete, $open;
			undef $open;
		}
		elsif ($open) { push @{ $open->{records} }, $record; }
	}
	return @complete;
}

# What the data queries give at this moment, and the end of the log then: nobody writes meanwhile.
sub contents
{
	my ($name, $note, $where) = @_;
	my ($position, @rows) = split /\n/, $node->safe_psql('postgres', qq{
		BEGIN;
		LOCK TABLE patient, visit IN SHARE MODE;
		SELECT pg_current_wal_insert_lsn();
		SELECT to_json(ARRAY['clinic["' || clinic || '"]', 'patient', id::text, $name, $note]) FROM patient WHERE clinic IS NOT NULL AND $where;
		SELECT to_json(ARRAY['clinic["' || clinic || '"]', 'visit', id || '-' || year]) FROM visit;
		SELECT to_json(ARRAY['list[]', 'patient', id::text]) FROM patient;
		COMMIT;});
	return { at => lsn($position), rows => join("\n", sort map { join '|', map { $_ // '' } @{ decode_json($_) } } @rows) };
}

# The same of a state.
sub listed
{
	my ($state) = @_;
	my @rows;
	for my $bucket (keys %$state)
	{
		for my $key (keys %{ $state->{$bucket} })
		{
			my ($id, $data) = @{ $state->{$bucket}{$key} };
			my ($type) = split / /, $key;
			die "id" if $data->{id} ne $id;
			push @rows, join '|', $bucket, $type, $id, $bucket =~ /^clinic/ && $type eq 'patient' ? ($data->{name} // '', $data->{note} // '') : ();
		}
	}
	return join "\n", sort @rows;
}

# Makes a slot whose snapshot is exported, takes buckets under it, and gives their transaction and the slot's start.
# `meanwhile` is run in between.
sub take
{
	my ($slot, $buckets, $meanwhile) = @_;
	my ($in, $out, $err) = ('', '', '');
	my $session = start [ 'psql', '-XAtq', '-F', ' ', '-d', $node->connstr('postgres') . ' user=app_login replication=database' ],
		'<', \$in, '>', \$out, '2>', \$err, timeout(180);
	$in = "CREATE_REPLICATION_SLOT $slot LOGICAL phisync (SNAPSHOT 'export');\n";
	pump $session until $out =~ /\n/ || $err;
	my (undef, $start, $snapshot) = split / /, $out;
	die "no snapshot: $out $err" unless $snapshot;
	$node->safe_psql('postgres', $meanwhile) if $meanwhile;
	my $taken = $node->safe_psql('postgres', qq{
		BEGIN ISOLATION LEVEL REPEATABLE READ;
		SET TRANSACTION SNAPSHOT '$snapshot';
		SELECT phisync.snapshot('app', $buckets);
		COMMIT;}, extra_params => [ '-U', 'app_login' ]);
	$in = "\\q\n";
	finish $session;
	my @transactions = transactions($taken);
	die "not one transaction" if @transactions != 1;
	return ($transactions[0], lsn($start));
}

my $script = "$dir/churn.sql";
append_to_file($script, q{
\set i random(1, 600)
\set j random(1, 600)
\set what random(0, 99)
\set also random(0, 99)
\set c random(0, 5)
BEGIN;
LOCK TABLE patient, visit IN ROW EXCLUSIVE MODE;
SELECT churn(:i, :what, 'c' || :c);
SELECT churn(:j, :also, 'c' || :c);
SAVEPOINT s;
SELECT churn(:j, :what, 'c' || :c);
\if :what < 10
ROLLBACK TO s;
\endif
\if :also < 5
ROLLBACK;
\else
COMMIT;
\endif
});
my $writers = start [ 'pgbench', '-n', '-f', $script, '-c', '4', '-T', '12', '--max-tries=50', '-d', $node->connstr('postgres') ], '>', "$dir/pgbench.out", '2>&1';
sleep 1;
my ($first, $start) = take('app', 'NULL');
cmp_ok(scalar(@{ $first->{records} }), '>', 100, 'the snapshot has rows');
my @points;
for (1 .. 3)
{
	sleep 1;
	push @points, contents('name', 'note', 'open');
}
# Names are PHI from here on: consumers that get none lose them.
$node->safe_psql('postgres', q{SELECT phisync.tag('patient', 'name', 'phi:name')});
sleep 1;
# The second is taken as things are when it is read, under a definition and tags that the stream has after its start.
my @rebuilds = ([ take('rebuild TEMPORARY', q{'{clinic,list}'}, q{
	SELECT phisync.alter_bucket('clinic', ARRAY[
		'SELECT id, name, note, open FROM patient WHERE clinic = bucket.clinic',
		$$SELECT id::text || '-' || year::text AS id FROM visit WHERE clinic = bucket.clinic$$]);
	SELECT phisync.tag('patient', 'note', 'phi:freetext')}) ]);
ok(!(grep { exists $_->{data}{name} } @{ $rebuilds[0][0]{records} }), 'the new snapshot has no names');
sleep 1;
push @rebuilds, [ take('rebuild TEMPORARY', q{'{clinic,list}'}) ];
for (1 .. 2)
{
	sleep 1;
	push @points, contents('NULL', 'NULL', 'true');
}
finish $writers;
push @points, contents('NULL', 'NULL', 'true');
my $end = $node->safe_psql('postgres', 'SELECT pg_current_wal_lsn()');
$node->command_ok([ 'pg_recvlogical', '-d', $node->connstr('postgres') . ' user=app_login', '--slot', 'app', '--start', '--no-loop',
		'--endpos', $end, '-o', 'consumer=app', '-f', "$dir/stream" ], 'the stream is received');
my @stream = transactions(slurp_file("$dir/stream"));
cmp_ok(scalar(@stream), '>', 50, 'others wrote');
is(scalar(grep { lsn($_->{lsn}) < $start } @stream), 0, 'nothing comes that was committed before the slot');
note scalar(@stream) . ' transactions';

my (%state, @policies);
my $replaced = 0;
my $again = 0;
apply(\%state, $first, sub { 1 });
for my $transaction (@stream, { lsn => 'FFFFFFFF/FFFFFFFF', records => [] })
{
	my $position = lsn($transaction->{lsn});
	while (@points && $points[0]{at} <= $position)
	{
		my $point = shift @points;
		# Between the change of policy and the new snapshot, the contents may be of neither.
		next if $point->{at} < $again;
		is(listed(\%state), $point->{rows}, "the buckets hold what the data queries give, rebuilt $replaced times");
	}
	apply(\%state, $transaction, sub { $position >= $again });
	for my $policy (grep { $_->{k} eq 'policy' } @{ $transaction->{records} })
	{
		push @policies, join ' ', @{ $policy->{buckets} };
		next if $position < $again;
		my $rebuild = shift @rebuilds or die 'no snapshot was taken after a policy record';
		$again = $rebuild->[1];
		$replaced++;
		%state = ();
		apply(\%state, $rebuild->[0], sub { 1 });
	}
}
is($replaced, 2, 'the buckets were rebuilt twice');
is(join('; ', @policies), 'clinic[*] list[*]; clinic[*]; clinic[*] list[*]', 'changes of tags and definitions tell what to rebuild');
for my $bucket (sort keys %state)
{
	my ($count, $errors) = split /\|/, $node->safe_psql('postgres', qq{SELECT count, errors FROM phisync.bucket_checksum('$bucket')});
	is("$count $errors", scalar(keys %{ $state{$bucket} }) . ' 0', 'its count is that of bucket_checksum');
}
is($node->safe_psql('postgres', "SELECT phisync.transaction_is_visible($stream[-1]{xid})"), 't', 'what was committed is visible');
$node->stop;
done_testing();
