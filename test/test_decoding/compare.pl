# Compares what phisync and test_decoding gave in one file of the server's tests (see setup.sql), and its errors with those that
# the file expects. Usage: compare.pl NAME EXPECTED RESULT. Prints one line `ok - ...` or `not ok - ...` with what differs.
#
# The same rows in the same order: an INSERT or UPDATE is a put with the same values, a DELETE a remove with the same key, a
# TRUNCATE a clear of each table. Tables in no bucket (they have no primary key) are left out of both.
use strict;
use warnings;
use JSON::PP;

my ($name, $expected, $result) = @ARGV;
my $json = JSON::PP->new->allow_nonref->allow_bignum;
my (%bucketed, @problems, $rows, $calls);
$rows = $calls = 0;

sub lines_of {
    my ($file) = @_;
    open my $in, '<:raw', $file or do { push @problems, "cannot read $file: $!"; return () };
    my @lines = <$in>;
    chomp @lines;
    return @lines;
}

sub errors_of { map { /^(?:psql:[^ ]* )?(ERROR: .*)/ ? $1 =~ s/test_decoding/phisync/r : () } @_ }

sub unquote {
    my ($name) = @_;
    return join '.', map { /^"(.*)"$/ ? $1 =~ s/""/"/gr : $_ } $name =~ /("(?:[^"]|"")*"|[^.]+)/g;
}

# `id[integer]:1 data[text]:'x'` as { id => [type, text or undef] }; a value that is unchanged out of line is left out.
sub columns {
    my ($text) = @_;
    my %columns;
    while ($text =~ /\G\s*("(?:[^"]|"")*"|[^\s\[]+)\[((?:[^\[\]]|\[\])*)\]:(B?'[^']*+(?:''[^']*+)*+'|\S+)/gc) {
        my ($column, $type, $value) = (unquote($1), $2, $3);
        next if $value eq 'unchanged-toast-datum';
        $value = $value eq 'null' ? undef : $value =~ /^'(.*)'$/s ? $1 =~ s/''/'/gr : $value;
        $columns{$column} = [$type, $value];
    }
    return \%columns;
}

sub same_columns {
    my ($a, $b) = @_;
    return 0 if keys %$a != keys %$b;
    return !grep { !exists $b->{$_} || ($a->{$_}[1] // "\0") ne ($b->{$_}[1] // "\0") } keys %$a;
}

# What test_decoding's records say: [kind, table, columns, what may be missing in ours].
sub reference_effects {
    my @effects;
    for (@_) {
        if (/^table (.*?): TRUNCATE:/) {
            push @effects, ['clear', unquote($_)] for split /, /, $1;
        } elsif (/^table ((?:"(?:[^"]|"")*"|[^:"])+): (INSERT|UPDATE|DELETE): (.*)/s) {
            my ($table, $what, $text) = (unquote($1), $2, $3);
            next if $text eq '(no-tuple-data)';
            my ($old) = $what eq 'UPDATE' && $text =~ s/^old-key: (.*) new-tuple: //s ? columns($1) : ();
            my $columns = columns($text);
            my %may;
            $may{key_changed} = 1 if $old;
            # An update that changes nothing is not sent.
            $may{absent} = 1 if $old && same_columns($old, $columns);
            push @effects, [$what eq 'DELETE' ? 'remove' : 'put', $table, $columns, \%may];
        }
    }
    return grep { $bucketed{ $_->[1] } } @effects;
}

sub our_effects {
    my @effects;
    for (map { split /\n/ } @_) {
        my $record = eval { $json->decode($_) };
        if (!defined $record) { push @problems, "not JSON: $_"; next }
        my $kind = $record->{k};
        push @problems, "error record $record->{sqlstate} for $record->{relation}" if $kind eq 'error';
        # What leaves because its bucket was dropped is no change of rows.
        next if $kind eq 'clear' && $record->{reason} ne 'truncate';
        push @effects, [$kind, $record->{type}, $record] if $kind =~ /^(?:put|remove|clear)$/;
    }
    return @effects;
}

my %plain = map { $_ => 1 } 'integer', 'bigint', 'smallint', 'text', 'character varying', 'numeric', 'name', 'uuid', 'date', 'boolean';

sub same_row {
    my ($put, $columns) = @_;
    my $data = $put->{data};
    my %incomplete = map { $_ => 1 } @{ $put->{incomplete} // [] };
    for my $column (keys %$columns) {
        my ($type, $value) = @{ $columns->{$column} };
        return "column $column is missing" if !exists $data->{$column} && $type ne 'bytea';
        next if !$plain{$type};
        $value = $value eq 'true' ? 1 : 0 if defined $value && $type eq 'boolean';
        return "column $column differs" if ($value // "\0") ne ($data->{$column} // "\0");
    }
    return;
}

sub same_key {
    my ($remove, $columns) = @_;
    return $remove->{id} eq $columns->{id}[1] if exists $columns->{id};
    my %parts = map { $_ => 1 } map { $_->[1] // '' } values %$columns;
    return !grep { !$parts{$_} } split m{/}, $remove->{id};
}

sub compare {
    my ($reference, $ours) = @_;
    my @reference = reference_effects(@$reference);
    my @ours = our_effects(@$ours);
    for my $effect (@reference) {
        my ($kind, $table, $columns, $may) = @$effect;
        shift @ours if $may->{key_changed} && @ours > 1 && $ours[0][0] eq 'remove' && $ours[0][1] eq $table && $ours[1][0] eq 'put';
        my $next = $ours[0];
        my $fits = $next && $next->[0] eq $kind && $next->[1] eq $table;
        my $why = !$next ? 'nothing' : "$next->[0] of $next->[1]";
        if ($fits && $kind eq 'put' && (my $difference = same_row($next->[2], $columns))) {
            ($fits, $why) = (0, "put of $table whose $difference");
        } elsif ($fits && $kind eq 'remove' && !same_key($next->[2], $columns)) {
            ($fits, $why) = (0, "remove of $table with another key");
        }
        next if !$fits && ($may->{absent} || $bucketed{$table} eq 'late');
        if (!$fits) { push @problems, "expected $kind of $table, got $why"; return }
        shift @ours;
        $rows++;
    }
    push @problems, 'not in the reference: ' . join ', ', map { "$_->[0] of $_->[1]" } @ours if @ours;
}

# Not of the plugin: the files' text is of another minor version of the server, and one reads a time out of test_decoding's text.
my @tolerated = (
    'ERROR:  library "nonexistent" may not be used as an output plugin',
    'ERROR:  unrecognized configuration parameter "test.time_after"',
);

my @lines = lines_of($result);
my %allowed = map { $_ => 1 } @tolerated;
$allowed{$_}++ for errors_of(lines_of($expected));
for (errors_of(@lines)) { push @problems, "unexpected $_" if !$allowed{$_}-- }

my $reference;
for (@lines) {
    next if !/NOTICE:  TD (\w+) (.*)/;
    my ($what, $content) = ($1, $json->decode($2));
    if ($what eq 'buckets') {
        # Rows from before the bucket was made are not in the stream.
        %bucketed = map { $_ => $content->{$_} ? 'whole' : 'late' } keys %$content;
    } elsif ($what eq 'reference') {
        $reference = $content;
    } elsif ($reference) {
        compare($reference, $content);
        $reference = undef;
        $calls++;
    }
}
push @problems, 'nothing was run' if !@lines;
splice @problems, 8 if @problems > 8;
print @problems ? 'not ok' : 'ok', " - $name: $calls calls, $rows changes of rows alike\n", map { "#   $_\n" } @problems;
exit(@problems ? 1 : 0);
