package Records;

# Reads the stream as docs/record-format.md has a consumer do, and dies at the first record that breaks the format.
use strict;
use warnings;
use Digest::SHA qw(sha256);
use Encode qw(encode);
use Exporter 'import';
use JSON::PP;
our @EXPORT = qw(crc32c transactions);

# CRC-32C, bit by bit reversed polynomial.
my @crc_table = map {
	my $c = $_;
	$c = $c & 1 ? ($c >> 1) ^ 0x82F63B78 : $c >> 1 for 1 .. 8;
	$c;
} 0 .. 255;

# crc32c(BYTES, EARLIER): goes on from what it gave for the bytes before.
sub crc32c
{
	my $crc = ($_[1] // 0) ^ 0xFFFFFFFF;
	$crc = $crc_table[ ($crc ^ $_) & 0xFF ] ^ ($crc >> 8) for unpack('C*', $_[0]);
	return $crc ^ 0xFFFFFFFF;
}

# Dies unless the record's sum is that of its content.
sub _check_sum
{
	my ($line, $record) = @_;
	my $hashed;
	if ($record->{k} eq 'put')
	{
		my ($data) = $line =~ /,"data":(\{.*\})\}$/ or die "data is not last";
		$hashed = encode('UTF-8', "put.$record->{type}.$record->{id}.") . $data;
	}
	elsif ($record->{k} eq 'remove') { $hashed = encode('UTF-8', "delete.$record->{subkey}"); }
	die "sum of $line" if defined $hashed && unpack('V', sha256($hashed)) != $record->{sum};
}

# The complete transactions in the text of one connection, in the order of their commits, each {begin, records, commit};
# of one that came in parts, begin is stream_commit, too, and the records of rolled back subtransactions are left out.
# What follows the last commit is left out, as a consumer would. Counts what it saw in the hash $seen, if given.
sub transactions
{
	my ($text, $seen) = @_;
	my (@complete, $open, $hello, %parts);
	for my $line (split /\n/, $text)
	{
		my $record = JSON::PP->new->utf8->decode($line);
		my $k = $record->{k};
		$seen->{$k}++;
		if ($k eq 'hello') { die "second hello" if $hello++; next; }
		die "no hello before $k" unless $hello;
		next if $k eq 'message' && !defined $record->{seq};
		if ($k =~ /^(begin|progress|stream_start|stream_abort|stream_commit)$/ && $open) { die "$k in a transaction"; }
		next if $k eq 'progress';
		if ($k eq 'begin') { $open = { begin => $record, records => [], count => 0, crc => crc32c("$line\n") }; next; }
		if ($k eq 'stream_start')
		{
			$open = $parts{ $record->{xid} } //= { records => [], count => 0, crc => 0 };
			$open->{part} = $record->{xid};
			next;
		}
		if ($k eq 'stream_abort')
		{
			my ($xid, $subxid) = @$record{qw(xid subxid)};
			my $transaction = $parts{$xid} or die "abort of $xid that never started";
			if ($xid == $subxid) { delete $parts{$xid}; next; }
			@{ $transaction->{records} } = grep { ($_->{xid} // 0) != $subxid } @{ $transaction->{records} };
			next;
		}
		if ($k eq 'stream_commit')
		{
			my $transaction = delete $parts{ $record->{xid} } or die "commit of $record->{xid} that never started";
			die "count of parts" if $record->{count} != $transaction->{count};
			die "crc of parts" if $record->{crc} != $transaction->{crc};
			push @complete, { begin => $record, records => $transaction->{records}, commit => $record };
			next;
		}
		die "$k outside of a transaction" unless $open;
		if ($k eq 'stream_stop')
		{
			die "stop of another" if $open->{part} != $record->{xid};
			undef $open;
			next;
		}
		if ($k eq 'commit')
		{
			die "commit in a part" if $open->{part};
			die "count" if $record->{count} != $open->{count};
			die "crc" if $record->{crc} != $open->{crc};
			die "lsn" if $record->{lsn} ne $open->{begin}{lsn};
			push @complete, { begin => $open->{begin}, records => $open->{records}, commit => $record };
			undef $open;
			next;
		}
		$open->{crc} = crc32c("$line\n", $open->{crc});
		push @{ $open->{records} }, $record;
		die "seq" if $record->{seq} != ++$open->{count};
		die "xid outside of parts" if exists $record->{xid} && !$open->{part};
		_check_sum($line, $record);
	}
	$seen->{open} = scalar keys %parts;
	return @complete;
}

1;
