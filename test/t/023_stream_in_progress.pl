# Large transactions are streamed while in progress, if the consumer asks for it: what is applied in the end is what comes
# without, whatever is rolled back meanwhile, and memory does not grow with them. Prepared ones come when committed.
use strict;
use warnings FATAL => 'all';
use JSON::PP;
use PostgreSQL::Test::BackgroundPsql;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Records;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('parts');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "logical_decoding_work_mem = 64kB\nmax_prepared_transactions = 10\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION phisync;
CREATE ROLE phones LOGIN REPLICATION;
GRANT phones TO CURRENT_USER;
CREATE TABLE visit (id int PRIMARY KEY, clinic int NOT NULL, note text);
ALTER TABLE visit REPLICA IDENTITY FULL;
SELECT phisync.tag('visit', 'id', 'none'), phisync.tag('visit', 'clinic', 'none'), phisync.tag('visit', 'note', 'none');
SELECT phisync.create_bucket('clinic', ARRAY['SELECT id, note FROM visit WHERE clinic = bucket.clinic'],
  $$SELECT auth.parameter('clinic')::int AS clinic$$);
SELECT phisync.create_consumer('phones', 'phones');
CREATE TABLE room (id int PRIMARY KEY);
SELECT phisync.create_bucket('rooms', ARRAY['SELECT id FROM room'], profile => 'full');
CREATE FUNCTION fill(first int, n int, c int) RETURNS void LANGUAGE sql AS
  $$INSERT INTO visit SELECT g, c, repeat('n', 100) || g FROM generate_series(first, first + n - 1) g$$;
SQL

my @options = ('consumer', 'phones', 'messages', 'app');
# peek(SLOT, OPTION, VALUE...): the records as text.
sub peek
{
	my ($slot, @more) = @_;
	my $list = join ',', map { "'$_'" } @options, @more;
	return $node->safe_psql('postgres',
		"SELECT string_agg(data, chr(10)) FROM pg_logical_slot_peek_changes('$slot', NULL, NULL, $list)");
}
sub new_slot
{
	my ($name) = @_;
	$node->safe_psql('postgres', "SELECT pg_create_logical_replication_slot('$name', 'phisync')");
}
# What a consumer has applied at each commit, without what parts alone have.
sub applied
{
	my ($text, $seen) = @_;
	my $json = JSON::PP->new->canonical;
	return join "\n", map {
		my $transaction = $_;
		join "\n", "transaction $transaction->{begin}{lsn} $transaction->{commit}{end} $transaction->{begin}{time}",
			map { my %r = %$_; delete @r{qw(seq xid)}; $json->encode(\%r) } @{ $transaction->{records} };
	} transactions($text, $seen);
}
# Compares what comes from the slot in parts and whole; gives what was seen in parts.
sub same
{
	my ($slot, $name) = @_;
	my ($parts, $whole) = ({}, {});
	my $in_parts = applied(peek($slot, 'streaming', 'on'), $parts);
	is($in_parts, applied(peek($slot), $whole), "$name: the same in parts and whole");
	is($whole->{stream_start} // 0, 0, "$name: no parts unless asked for");
	is(peek($slot), peek($slot), "$name: the same bytes when it is read again");
	return $parts;
}

# Savepoints, the state of policy within the transaction, messages.
new_slot('one');
$node->safe_psql('postgres', <<'SQL');
BEGIN;
SELECT fill(1, 700, 1);
SAVEPOINT a;
SELECT fill(10001, 700, 1);
SELECT pg_logical_emit_message(true, 'app', 'rolled back');
SAVEPOINT b;
SELECT fill(20001, 700, 2);
RELEASE b;
ROLLBACK TO a;
SELECT phisync.tag('visit', 'note', 'phi:freetext');
SELECT fill(30001, 700, 3);
SAVEPOINT c;
SELECT pg_logical_emit_message(true, 'app', 'kept');
SELECT phisync.tag('visit', 'note', 'none');
SELECT fill(40001, 700, 3);
UPDATE visit SET clinic = 4 WHERE id % 7 = 0;
DELETE FROM visit WHERE id % 11 = 0;
RELEASE c;
SAVEPOINT d;
INSERT INTO room VALUES (1);
TRUNCATE visit;
ROLLBACK TO d;
INSERT INTO room VALUES (2);
TRUNCATE room;
SELECT fill(45001, 700, 5);
COMMIT;
SELECT fill(50001, 10, 1);
TRUNCATE visit;
SQL
my $seen = same('one', 'savepoints');
cmp_ok($seen->{stream_start}, '>', 3, 'it came in several parts');
is($seen->{stream_start}, $seen->{stream_stop}, 'each part ends');
is($seen->{stream_commit}, 1, 'small transactions come whole');
my $text = peek('one', 'streaming', 'on');
like($text, qr/"k":"put","seq":\d+,"xid":\d+,"buckets"/, 'a subtransaction is named');
like($text, qr/"k":"message","seq":\d+,"xid":\d+,"lsn":"[^"]*","prefix":"app","content":"kept"/, 'also by messages');
my @in_parts = transactions($text);
my @filled = grep { $_->{k} eq 'put' && $_->{buckets}[0] eq 'clinic[3]' } @{ $in_parts[0]{records} };
is(scalar(@filled), 1400, 'all rows came');
is(scalar(grep { exists $_->{data}{note} != ($_->{id} > 40000) } @filled), 0, 'each row by the tags of its moment');

# Rolled back altogether, after parts of it were decoded, and before.
new_slot('two');
$node->safe_psql('postgres', 'BEGIN; SELECT fill(1, 700, 1); ROLLBACK; SELECT fill(60001, 5, 1);');
$seen = same('two', 'rolled back');
is($seen->{stream_commit} // 0, 0, 'no commit of what was rolled back');
new_slot('three');
my $first = $node->background_psql('postgres');
my $second = $node->background_psql('postgres');
$_->query_safe('BEGIN') for $first, $second;
for my $i (0 .. 3)
{
	$first->query_safe("SELECT fill(" . (100000 + 1000 * $i) . ", 400, 1)");
	$second->query_safe("SELECT fill(" . (200000 + 1000 * $i) . ", 400, 2)");
	$node->safe_psql('postgres', "SELECT fill(" . (300000 + $i) . ", 1, 3), pg_logical_emit_message(false, 'app', 'between')") if $i == 2;
}
# The server decodes what is in progress so far; another reader sees the same later.
$seen = {};
transactions(peek('three', 'streaming', 'on'), $seen);
is($seen->{open}, 2, 'two transactions are open at once');
cmp_ok($seen->{stream_start}, '>', 5, 'their parts come in turns');
is($seen->{message}, 1, 'a message that is of no transaction stands between');
$second->query_safe('COMMIT');
$first->query_safe('ROLLBACK');
$seen = same('three', 'two in turns');
is($seen->{stream_abort}, undef, 'nothing comes of what is known to be rolled back');
is($seen->{stream_commit}, 1, 'the other is committed');

# A reader that is there meanwhile learns what becomes of the parts that it has.
new_slot('live');
my $file = PostgreSQL::Test::Utils::tempdir . '/live';
my $reader = IPC::Run::start([ 'pg_recvlogical', '-d', $node->connstr('postgres') . ' user=phones', '--slot', 'live', '--start',
		'--no-loop', '-o', 'consumer=phones', '-o', 'streaming=on', '-F', '0', '-f', $file ], '2>', "$file.err");
sub wait_for
{
	my ($pattern) = @_;
	for (1 .. 1800)
	{
		return 1 if -e $file && slurp_file($file) =~ $pattern;
		select undef, undef, undef, 0.1;
	}
	return 0;
}
$_->query_safe('BEGIN') for $first, $second;
$first->query_safe('SELECT fill(400000, 700, 1)');
ok(wait_for(qr/"id":"400300"/), 'a part came before the end of the transaction');
$second->query_safe('SELECT fill(500000, 100, 2); SAVEPOINT a; SELECT fill(510000, 700, 2)');
ok(wait_for(qr/"id":"510300"/), 'and one of another');
$second->query_safe('ROLLBACK TO a; SELECT fill(520000, 700, 2)');
ok(wait_for(qr/"stream_abort","xid":(\d+),"subxid":(?!\1\b)/), 'a subtransaction is rolled back');
$first->query_safe('ROLLBACK');
ok(wait_for(qr/"stream_abort","xid":(\d+),"subxid":\1\b/), 'a transaction is');
$second->query_safe('COMMIT');
ok(wait_for(qr/"stream_commit"/), 'the other is committed');
$reader->kill_kill;
my @live = transactions(slurp_file($file));
is(scalar(@live), 1, 'that one came');
is(join(',', map { @{ $_->{records} } > 0 ? scalar @{ $_->{records} } : () } @live), 100 + 700, 'without the rows that were rolled back');
is(applied(peek('live')), applied(slurp_file($file)), 'as it comes when it is read whole');
$_->quit for $first, $second;

# What a rolled back part made in the catalogs cannot be read any more: decoding goes on with the rest.
new_slot('four');
$node->safe_psql('postgres', <<'SQL');
BEGIN;
SELECT fill(70001, 700, 1);
SAVEPOINT a;
CREATE TABLE gone (id int PRIMARY KEY, note text);
SELECT phisync.create_bucket('gone', ARRAY['SELECT * FROM gone']);
INSERT INTO gone SELECT g, repeat('g', 100) FROM generate_series(1, 700) g;
SELECT phisync.tag('gone', 'note', 'phi:freetext');
INSERT INTO gone SELECT g, repeat('g', 100) FROM generate_series(701, 1400) g;
ROLLBACK TO a;
SELECT fill(80001, 700, 1);
COMMIT;
BEGIN;
CREATE TABLE gone (id int PRIMARY KEY, note text);
SELECT phisync.create_bucket('gone', ARRAY['SELECT * FROM gone']);
INSERT INTO gone SELECT g, repeat('g', 100) FROM generate_series(1, 700) g;
ROLLBACK;
SELECT fill(90001, 10, 1);
SQL
$seen = same('four', 'catalogs of a rolled back subtransaction');
cmp_ok($seen->{stream_start}, '>', 1, 'parts came nevertheless');

# A walsender, in which what is called between transactions can read no catalogs, sends the same.
my $end = $node->safe_psql('postgres', 'SELECT pg_current_wal_lsn()');
for my $slot (qw(one two three four))
{
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run([ 'pg_recvlogical', '-d', $node->connstr('postgres') . ' user=phones', '--slot', $slot, '--start',
			'--no-loop', '--endpos', $end, '-o', 'consumer=phones', '-o', 'messages=app', '-o', 'streaming=on', '-f', '-' ],
		'>', \$out, '2>', \$err);
	ok($ok, "slot $slot is received") or diag($err);
	cmp_ok(scalar(transactions($out)), '>', 0, "slot $slot gives transactions");
}

# Memory: many rows do not need more.
new_slot('big');
$node->safe_psql('postgres', 'BEGIN; SELECT fill(1000000, 100000, 1); COMMIT');
for my $streaming (qw(on off))
{
	my $session = $node->background_psql('postgres');
	my $pid = $session->query_safe('SELECT pg_backend_pid()');
	$session->query_safe("SELECT count(*) FROM pg_logical_slot_peek_changes('four', NULL, NULL, 'consumer', 'phones', 'streaming', '$streaming')");
	my ($before) = slurp_file("/proc/$pid/status") =~ /VmHWM:\s+(\d+) kB/;
	my $messages = $session->query_safe("SELECT count(*) FROM pg_logical_slot_peek_changes('big', NULL, NULL, 'consumer', 'phones', 'streaming', '$streaming')");
	my ($after) = slurp_file("/proc/$pid/status") =~ /VmHWM:\s+(\d+) kB/;
	cmp_ok($messages, '>', 100, "streaming $streaming: many messages");
	cmp_ok($after - $before, '<', 16 * 1024, "streaming $streaming: memory stays");
	$session->quit;
}

# Prepared transactions, large and small, also where the slot would decode them at PREPARE.
$node->safe_psql('postgres', "SELECT pg_create_logical_replication_slot('prepared', 'phisync', false, true)");
$node->safe_psql('postgres', <<'SQL');
BEGIN; SELECT fill(2000001, 10, 1); PREPARE TRANSACTION 'small';
BEGIN; SELECT fill(2100001, 700, 1); PREPARE TRANSACTION 'large';
BEGIN; SELECT fill(2200001, 700, 1); PREPARE TRANSACTION 'undone';
SQL
is(scalar(transactions(peek('prepared') || '')), 0, 'nothing comes at PREPARE');
$node->safe_psql('postgres', $_) for "COMMIT PREPARED 'large'", "ROLLBACK PREPARED 'undone'", "COMMIT PREPARED 'small'";
same('prepared', 'prepared transactions');
my @prepared = transactions(peek('prepared'));
is(join(',', map { $_->{commit}{count} } @prepared), '700,10', 'they come in the order of their commits');

$node->stop;
done_testing();
