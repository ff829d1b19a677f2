# A definition is compiled as things were when the row was written, and one that did not fit then is refused for
# that row: the same by SQL and in a walsender, which goes on after it.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('history');
$node->init(allows_streaming => 'logical');
$node->start;

$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION phisync;
CREATE ROLE phones LOGIN REPLICATION;
CREATE TABLE staff (clinic int);
CREATE TABLE visit (id int PRIMARY KEY, clinic int, note text, day date);
ALTER TABLE visit REPLICA IDENTITY FULL;
SELECT phisync.create_consumer('phones', 'phones');
SELECT pg_create_logical_replication_slot('s', 'phisync');
INSERT INTO visit VALUES (1, 7, 'before the bucket', '2024-01-01');
SELECT phisync.create_bucket('loud', ARRAY['SELECT id, upper(note) AS note FROM visit WHERE clinic = bucket.clinic AND day > ''2020-01-01'''],
  'SELECT clinic FROM staff', 'full');
INSERT INTO visit VALUES (2, 7, 'defined', '2024-01-01');
ALTER TABLE visit RENAME TO encounter;
INSERT INTO encounter VALUES (3, 7, 'table renamed', '2024-01-01');
-- Behind phisync's back.
ALTER EVENT TRIGGER phisync_follow_alter DISABLE;
ALTER EVENT TRIGGER phisync_follow_drop DISABLE;
ALTER TABLE encounter RENAME note TO remark;
INSERT INTO encounter VALUES (4, 7, 'column renamed', '2024-01-01');
ALTER TABLE encounter RENAME remark TO note;
BEGIN;
INSERT INTO encounter VALUES (5, 7, 'renamed back', '2024-01-01');
SAVEPOINT s;
ALTER TABLE encounter ALTER note TYPE int USING 1;
INSERT INTO encounter VALUES (6, 7, 6, '2024-01-01');
ROLLBACK TO s;
INSERT INTO encounter VALUES (7, 7, 'never a number', '2024-01-01');
ALTER TABLE encounter ALTER note TYPE int USING 1;
INSERT INTO encounter VALUES (8, 7, 8, '2024-01-01');
COMMIT;
ALTER TABLE encounter ALTER note TYPE text;
INSERT INTO encounter VALUES (9, 7, 'text again', '2024-01-01');
ALTER EVENT TRIGGER phisync_follow_alter ENABLE ALWAYS;
ALTER EVENT TRIGGER phisync_follow_drop ENABLE ALWAYS;
SELECT phisync.drop_bucket('loud');
INSERT INTO encounter VALUES (10, 7, 'bucket dropped', '2024-01-01');
DROP TABLE encounter;
SQL

my $end = $node->safe_psql('postgres', 'SELECT pg_current_wal_lsn()');
my ($stdout, $stderr);

# Superusers are not exempt, members need no other right.
my @receive = ('pg_recvlogical', '-h', $node->host, '-p', $node->port, '-d', 'postgres', '--slot', 's', '--start',
	'-f', '-', '--no-loop', '--endpos', $end);
command_fails_like([ @receive, '-o', 'consumer=phones' ], qr/permission denied for consumer "phones"/,
	'a superuser who is no member is refused');
command_fails_like([ @receive, '-U', 'phones', '-o', 'consumer=unknown' ], qr/consumer "unknown" is not registered/,
	'an unknown consumer is refused');

$node->safe_psql('postgres', 'GRANT phones TO CURRENT_USER');
my $records = $node->safe_psql('postgres',
	q{SELECT string_agg(data, chr(10)) FROM pg_logical_slot_peek_changes('s', NULL, NULL, 'consumer', 'phones')});
my @kept = map { s/"(lsn|sum)":("[^"]*"|\d+),?//gr } grep { /"k":"(put|error)"/ } split /\n/, $records;
is(join("\n", @kept), <<'EXPECTED' =~ s/\n\z//r, 'each row by the definition and the columns of its time');
{"k":"put","seq":1,"buckets":["loud[7]"],"type":"visit","id":"2","subkey":"0[2]","data":{"id":2,"note":"DEFINED"}}
{"k":"put","seq":1,"buckets":["loud[7]"],"type":"visit","id":"3","subkey":"0[3]","data":{"id":3,"note":"TABLE RENAMED"}}
{"k":"error","seq":1,"relation":"public.encounter","sqlstate":"42703"}
{"k":"put","seq":1,"buckets":["loud[7]"],"type":"visit","id":"5","subkey":"0[5]","data":{"id":5,"note":"RENAMED BACK"}}
{"k":"put","seq":2,"buckets":["loud[7]"],"type":"visit","id":"7","subkey":"0[7]","data":{"id":7,"note":"NEVER A NUMBER"}}
{"k":"error","seq":3,"relation":"public.encounter","sqlstate":"42883"}
{"k":"put","seq":1,"buckets":["loud[7]"],"type":"visit","id":"9","subkey":"0[9]","data":{"id":9,"note":"TEXT AGAIN"}}
EXPECTED

my $run = IPC::Run::run([ @receive, '-U', 'phones', '-o', 'consumer=phones' ], '>', \$stdout, '2>', \$stderr);
ok($run, 'a walsender serves a member that is no superuser') or diag($stderr);
my $lines = sub { join "\n", grep { !/"k":"(hello|progress)"/ } split /\n/, $_[0] };
is($lines->($stdout), $lines->($records), 'and sends the same bytes');

$node->stop;
done_testing();
