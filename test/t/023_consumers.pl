# What a consumer asks of its connections, and that a running stream ends with the right to it.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('consumers');
$node->init(allows_streaming => 'logical');
my $data = $node->data_dir;
my $have_tls = system("openssl req -new -x509 -days 2 -nodes -subj /CN=localhost -out $data/server.crt -keyout $data/server.key >/dev/null 2>&1") == 0
  && chmod(0600, "$data/server.key");
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'\nlog_connections = off\n" . ($have_tls ? "ssl = on\n" : ''));
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION phisync;
CREATE ROLE phones LOGIN REPLICATION;
CREATE TABLE one (id int PRIMARY KEY);
CREATE TABLE two (id int PRIMARY KEY);
SELECT phisync.create_bucket('one', ARRAY['SELECT id FROM one'], profile => 'full');
SELECT phisync.create_bucket('two', ARRAY['SELECT id FROM two'], profile => 'full');
SELECT phisync.create_consumer('phones', 'phones');
SELECT pg_create_logical_replication_slot('phones', 'phisync');
SQL
my @receive = ('pg_recvlogical', '--slot', 'phones', '--start', '--no-loop', '-f', '-', '-o', 'consumer=phones');
my $port = $node->port;
my $over_unix = "dbname=postgres user=phones port=$port host=" . $node->host;
my $over_tcp = "dbname=postgres user=phones port=$port host=127.0.0.1";

# Changes a row, streams until then, and gives back what came and what went wrong.
sub receive
{
	my $connection = shift;
	$node->safe_psql('postgres', 'INSERT INTO one SELECT coalesce(min(id), 0) - 1 FROM one');
	my $end = $node->safe_psql('postgres', 'SELECT pg_current_wal_lsn()');
	my ($out, $err) = ('', '');
	IPC::Run::run([ @receive, '--endpos', $end, '-d', $connection ], '>', \$out, '2>', \$err, IPC::Run::timeout(60));
	return ($out, $err);
}
sub alter
{
	my $what = shift;
	return $node->safe_psql('postgres', "SELECT phisync.alter_consumer('phones', $what)");
}

my ($out, $err) = receive($over_unix);
like($out, qr/"k":"put"/, 'a member of the role is served over a unix socket');

alter(q{networks => '{10.0.0.0/8,192.168.1.1/32}'});
($out, $err) = receive($over_tcp);
is($out, '', 'nothing goes to an address outside the networks');
like($err, qr/consumer "phones" is not served at this address.*DETAIL:  The connection comes from 127\.0\.0\.1\./s, 'and the refusal says which');
($out, $err) = receive($over_unix);
like($err, qr/The connection comes over a unix socket, which has no address\./, 'nor over a unix socket');
alter(q{networks => '{10.0.0.0/8,127.0.0.0/8}'});
($out, $err) = receive($over_tcp);
like($out, qr/"k":"hello"/, 'an address in them is served') or diag($err);
alter('any_network => true');

SKIP:
{
	skip 'no openssl', 3 unless $have_tls;
	alter('require_tls => true');
	($out, $err) = receive("$over_tcp sslmode=disable");
	like($err, qr/consumer "phones" is served over TLS alone/, 'without TLS it is refused');
	($out, $err) = receive("$over_tcp sslmode=require");
	like($out, qr/"k":"hello"/, 'with TLS it is served') or diag($err);
	my $sql = q{SELECT count(*) FROM pg_logical_slot_peek_changes('phones', NULL, NULL, 'consumer', 'phones')};
	my ($rc) = $node->psql('postgres', $sql, extra_params => [ '-d', "$over_tcp sslmode=require" ]);
	is($rc, 0, 'so is the SQL function');
	alter('require_tls => false');
}

# A stream that runs, and its output until it ends.
sub start_stream
{
	my ($stream_out, $stream_err) = ('', '');
	my $run = IPC::Run::start([ @receive, '-d', $over_unix ], '>', \$stream_out, '2>', \$stream_err);
	return { run => $run, out => \$stream_out, err => \$stream_err };
}
sub wait_for
{
	my ($sql, $what) = @_;
	return ok($node->poll_query_until('postgres', $sql), $what);
}
my $active = q{SELECT active FROM pg_replication_slots WHERE slot_name = 'phones'};
my $holds = q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 3 AND granted};

my $stream = start_stream();
wait_for($holds, 'a stream runs');
alter(q{buckets => '{two}'});
$stream->{run}->finish;
like(${ $stream->{err} }, qr/terminating connection due to administrator command/, 'taking a bucket away ends it');
is($node->safe_psql('postgres', $active), 'f', 'before the function returns');

# One that starts meanwhile waits, and gets what is committed then.
my $session = $node->background_psql('postgres');
$session->query_safe(q{BEGIN; SELECT phisync.alter_consumer('phones', buckets => '{one}')});
$stream = start_stream();
wait_for(q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 3 AND NOT granted}, 'another waits for the change');
$session->query_safe('COMMIT');
$node->safe_psql('postgres', 'INSERT INTO two VALUES (2); INSERT INTO one VALUES (2)');
my $deadline = time + 60;
while (${ $stream->{out} } !~ /"id":"2"/ && time < $deadline) { $stream->{run}->pump_nb; select undef, undef, undef, 0.05 }
like(${ $stream->{out} }, qr/"type":"one","id":"2"/, 'and serves the new grant');
unlike(${ $stream->{out} }, qr/"type":"two"/, 'not the old one');

# A change that is rolled back changes nothing but the connection.
$session->query_safe(q{BEGIN; SELECT phisync.drop_consumer('phones'); ROLLBACK});
$stream->{run}->finish;
$stream = start_stream();
wait_for($holds, 'it starts again after a rollback');
$node->safe_psql('postgres', q{SELECT phisync.drop_consumer('phones')});
$stream->{run}->finish;
like(${ $stream->{err} }, qr/terminating connection due to administrator command/, 'dropping the consumer ends its stream');
($out, $err) = receive($over_unix);
like($err, qr/consumer "phones" is not registered/, 'and none starts again');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', 'a refused one holds nothing');

# A snapshot is read by an ordinary session, which ends likewise.
$node->safe_psql('postgres', q{
	GRANT phones TO CURRENT_USER;
	INSERT INTO one SELECT generate_series(100, 3000);
	SELECT phisync.create_consumer('phones', 'phones')});
my $reader = $node->background_psql('postgres', on_error_stop => 0);
my $pid = $reader->query_safe('SELECT pg_backend_pid()');
$reader->query_safe(q{BEGIN; DECLARE c CURSOR FOR SELECT phisync.snapshot('phones', NULL, 'batch_bytes', '1'); SELECT pg_advisory_unlock_all()});
like($reader->query_safe('FETCH 2 FROM c; SELECT pg_advisory_unlock_all()'), qr/"k":"put"/, 'a snapshot runs');
$session->query_safe(q{SELECT phisync.drop_consumer('phones')});
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE pid = $pid"), '0', 'dropping the consumer ends its session');
like($node->safe_psql('postgres', q{SELECT phisync.create_consumer('phones', 'phones'); BEGIN; SELECT phisync.snapshot('phones', '{two}'); SELECT phisync.alter_consumer('phones'); COMMIT}),
	qr/"k":"commit"/, 'but not in the session that changes it');
$session->quit;
eval { $reader->quit };

$node->stop;
done_testing();
