# Shows what the 20 parameters accept and refuse: each of them wrong in every way that it can be, missing ones, arrays,
# repetition, unknown names, percent-encoding, every form of a time, and a window of too many points.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Harness;
use ActiveCalls::Http;
use ActiveCalls::Shim;
use Test::More;

time_limit(240);

my $database = ActiveCalls::Database->create;
my $shim     = start_shim(database => $database);

my %REQUIRED = ('account-id' => $ACCOUNT_7, @SAMPLE_WINDOW);
my $LONG     = series_json(1767271620, 60, 4, 8, 9, 12, 8, 4);    # calls longer than 120 seconds
my $NOTHING  = series_json(1767271620, 60, 0, 0, 0, 0,  0, 0);

# In the API's order.
my @TIMES     = qw(from-time to-time);
my @COUNTRIES = qw(src-country-id dst-country-id);
my @NUMBERS   = map {
    my $side = $_;
    map {"$side-prefix-routing-$_"} qw(eq starts-with ends-with contains)
} qw(src dst);
my @DURATIONS  = map {"duration-$_"} qw(eq gt lt);
my @PRICES     = map {"customer-price-$_"} qw(eq gt lt);
my @PARAMETERS = ('account-id', @TIMES, @COUNTRIES, @NUMBERS, @DURATIONS, 'auth-orig-ip', @PRICES);
is(scalar @PARAMETERS, 20, 'the API has 20 parameters');

# Answer to a query string as it stands, the sample window and account put before it unless it names them itself.
sub ask ($query)
{
    my @given = map { percent_decode($_) =~ s/[=\[].*//sr } split /&/, $query;
    my %rest  = %REQUIRED;
    delete @rest{@given};
    my $base = query_string(map { $_ => $rest{$_} } sort keys %rest);
    return $shim->request(target => "$PATH?$base&$query");
}

sub percent_decode ($text) { return $text =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger }

# How a test is called that sends something which is not printable.
sub printable ($text) { return $text =~ s/([^ -~])/sprintf '\\x{%x}', ord $1/ger =~ s/\A(.{60}).*/$1.../sr }

# A value given as a reference to a string is sent as it is, else percent-encoded.
sub refused ($parameter, $value)
{
    error_ok(
        ask(query_string($parameter => $value)), 400, "invalid value $parameter",
        "$parameter=" . printable(ref $value ? $$value : $value)
    );
    return;
}

sub accepted ($parameter, $value)
{
    status_ok(ask(query_string($parameter => $value)), 200, "$parameter=" . printable(ref $value ? $$value : $value));
    return;
}

# Wrong for everything that is not a string: nothing, space, other digits, half an escape, a NUL, broken UTF-8.
my @NEVER_A_VALUE = (
    '',   ' ',   "\t",   'x',    '-',    'null',    'true', '[]', '{}', "\x{665}", "\x{ff15}", "\x{2165}", "\x{1f600}",
    \'%', \'%4', \'%zz', \'%00', \'%ff', \'%c0%80', \'%e2%82',
);

# A good value with something around it that makes it bad.
sub decorated ($good)
{
    return (
        " $good", "$good ", "$good\n", "\t$good", "\x{a0}$good", "$good\x{200b}", "'$good'", "\"$good\"", "$good;",
        "$good,$good",
        map { \$_ } "$good%00", "%00$good", "$good%ff", "$good%00x"
    );
}

subtest 'account-id is a uuid of an account that is there' => sub {
    refused('account-id', $_) for @NEVER_A_VALUE, decorated($ACCOUNT_7), 7, substr($ACCOUNT_7, 0, -1), $ACCOUNT_7 . '0',
        $ACCOUNT_7 =~ s/f/g/r,
        '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', "$ACCOUNT_7' OR '1'='1",
        'a' x 3000;
    my $bare = $ACCOUNT_7 =~ tr/-//dr;
    accepted('account-id', $_) for $ACCOUNT_7, uc $ACCOUNT_7, $bare, "{$ACCOUNT_7}", "{$bare}", $bare =~ s/(....)(?=.)/$1-/gr;
    refused('account-id', $_) for "{$ACCOUNT_7", "$ACCOUNT_7}", "{{$ACCOUNT_7}}", "$ACCOUNT_7-", "-$bare", $ACCOUNT_7 =~ s/-/--/r;
};

subtest 'integers are 32 bits wide, in decimal ASCII digits' => sub {
    my @not_integers = (
        @NEVER_A_VALUE, decorated('5'), '5.0', '5.5', '5e0', '0x5', '5_000', '1,000', '--5', '5-', 'NaN', 'Infinity',
        '2147483648',   '4294967301',   '9223372036854775808', '18446744073709551621', '-2147483649', '9' x 400,
        "\x{2212}5",
    );
    for my $parameter (@COUNTRIES, @DURATIONS)
    {
        refused($parameter, $_) for @not_integers;
        accepted($parameter, $_) for 0, 5, 2147483647;
    }
    refused($_, -1)           for @COUNTRIES;
    refused($_, -2147483648)  for @COUNTRIES;
    accepted($_, -1)          for @DURATIONS;
    accepted($_, -2147483648) for @DURATIONS;
};

subtest 'prices are finite doubles' => sub {
    my @not_doubles = (
        @NEVER_A_VALUE, decorated('1.5'), 'nan', 'NaN', 'inf', '-inf', 'Infinity', '-Infinity', '+inf', '1e999',
        '-1e999',       '1,5',
        '1.5.1',        '1e', '1e+', 'e5', '0x1p3', '0x10', '1f', '1.5d', '--1.5', '1 000', '1_000', '.', '-.',
    );
    my @doubles = (
        qw(0 -0 1 1.5 -1.5 0.000001 1e3 1E3 1e-3 1.7976931348623157e308 -1.7976931348623157e308 2.2250738585072014e-308),
        '0.1000000000000000055511151231257827021181583404541015625', \'1e%2B3'
    );
    for my $parameter (@PRICES)
    {
        refused($parameter, $_)  for @not_doubles;
        accepted($parameter, $_) for @doubles;
    }
};

subtest 'auth-orig-ip is one address' => sub {
    refused('auth-orig-ip', $_)
        for @NEVER_A_VALUE, decorated('10.7.0.11'), decorated('::1'), '10.7.0', '10.7.0.256', '10.7.0.11.1',
        '10.7.0.11/24', '10.7.0.0/33',
        '2001:db8::/32', '[::1]', '::g', ':', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::',
        'fe80::1%eth0',
        'localhost', 'example.com', '10.7.0.11:5060', '-1.0.0.0', '1e1.0.0.1', '0x0a.7.0.11';
    accepted('auth-orig-ip', $_)
        for
        qw(0.0.0.0 255.255.255.255 10.7.0.11 :: ::1 2001:db8:7::5 2001:0DB8:0007:0000:0000:0000:0000:0005 ::ffff:10.7.0.11);
};

subtest 'times are ISO 8601 or seconds since 1970' => sub {
    my $sample = series_json(1767271620, 60, 20, 19, 14, 17, 15, 10);
    my @same   = (
        '2026-01-01T12:46:15Z', '2026-01-01T12:46:15', '2026-01-01 12:46:15', '2026-01-01 12:46:15Z',
        \'2026-01-01+12:46:15',
        \'2026-01-01T12%3A46%3A15Z', '2026-01-01T12:46:15+00:00', '2026-01-01T14:46:15+02:00',
        '2026-01-01T07:46:15-05:00',
        '2026-01-01T18:16:15+05:30', '2026-01-02T02:46:15+14:00', '2026-01-01 14:46:15+02:00', '2026-01-01T12:46:15.5Z',
        '2026-01-01T12:46:15.123456Z', '2026-01-01T12:46:15.999', '2026-01-01T14:46:15.25+02:00', '1767271575',
    );
    series_ok(ask(query_string('from-time' => $_)), $sample, 'from-time=' . printable(ref $_ ? $$_ : $_)) for @same;
    series_ok(ask(query_string('from-time' => $_)), series_json(1767271560, 60, 14, 20, 19, 14, 17, 15, 10), "from-time=$_")
        for '2026-01-01T12:46Z', '2026-01-01 12:46', '2026-01-01T14:46+02:00';
    series_ok(
        ask('from-time=2025-12-31T23:59:00Z&to-time=2026-01-01'), series_json(1767225540, 60, 0, 0),
        'a bare date is its midnight in UTC, whatever the zone of the database'
    );
    series_ok(ask('from-time=2024-02-29&to-time=2024-02-29'), series_json(1709164800, 60, 0), 'a leap day');

    my @not_times = (
        @NEVER_A_VALUE, decorated('2026-01-01T12:46:15Z'), decorated('1767271575'),
        qw(yesterday today tomorrow now epoch noon infinity -infinity allballs J2451187 1767271575.5 1e9 0x10 --1 1767271575Z),
        qw(2026-13-01 2026-00-01 2026-01-32 2026-01-00 2026-02-30 2025-02-29 2026-01 2026-01-01T 2026-W01-4 2026-1-1 01/01/2026),
        qw(2026-01-01T25:00:00Z 2026-01-01T12:60:00Z 2026-01-01T12:46:61Z 2026-01-01T12:46:15ZZ 2026-01-01T12:46:15Zgarbage),
        qw(2026-01-01T12:46:15.Z 2026-01-01T12:46:15+25:00 2026-01-01T12:46:15+02:60 2026-01-01T12:46:15+ 12:46:15 12:46:15Z),
        qw(2026-01-01T12:46: 2026-01-01T12:46.5 2026-01-01T12),
        qw(2026-01-01T12:46:15CET 2026-01-01T12:46:15Europe/Kyiv 9223372036854775807 9223372036854775808 99999999999999999999),
        '2026-01-01T12:46:15 UTC', '2026-01-01 12:46:15 PM', 'Thu, 01 Jan 2026 12:46:15 GMT', 'Jan 1 2026',
        '2026-01-01  12:46:15',
        '99999999-01-01', '2026-01-01 BC', '2026-01-01T12:46:15Z; DROP TABLE active_calls.inbox',
        "\x{ff12}\x{ff10}\x{ff12}\x{ff16}-01-01", "2026\x{2013}01\x{2013}01", \'2026-01-01T14:46:15+02:00', '1' x 300,
    );
    for my $parameter (@TIMES)
    {
        refused($parameter, $_) for @not_times;
    }
};

subtest 'strings are any valid UTF-8 but NUL, well encoded' => sub {
    my @broken = map { \$_ } qw(
        % a% %4 %zz %%41 %u0041 %00 a%00 %00a a%00b %ff %fe a%ffb %80 %bf %c2 %e2%82 %f0%9f%98 %c0%80 %c0%af %e0%80%af %ed%a0%80 %ed%bf%bf %f4%90%80%80
        %f8%88%80%80%80 %c3%28 %c3%a9%c3);
    my @strings = (
        '',       ' ', "\t", "\n", '%', '_', "'", '"', '\\', ';', '--', '$1', '{}', '[]', '&', '=', '#', '+', '?', '/',
        "\x{e9}", "\x{665}",
        "\x{1f600}", "\x{10ffff}", "\x{fffd}", "e\x{301}", "\x{202e}", "\x{1}", "\x{7f}", '0' x 2000,
    );
    for my $parameter (@NUMBERS)
    {
        refused($parameter, $_)  for @broken;
        accepted($parameter, $_) for @strings;
    }
};

subtest 'what is asked is what is decoded' => sub {
    $database->ingest(<<'FEED');
{"snapshot_timestamp":"2026-01-02 00:00:00","customer_acc_id":7,"src_prefix_routing":"a b+c&d=e%f\\\u00e9\ud83d\ude00","dst_prefix_routing":"plus+plus","auth_orig_ip":"10.7.0.99"}
FEED
    my $day = 'from-time=2026-01-02&to-time=2026-01-02';
    my ($one, $none) = map { series_json(1767312000, 60, $_) } 1, 0;
    my @cases = (
        [ 'src-prefix-routing-eq=a+b%2Bc%26d%3De%25f%5C%C3%A9%F0%9F%98%80', $one, '+ is a space, %2B is a plus' ],
        [
            'src-prefix-routing-eq=a%20b%2bc%26d=e%25f%5c%c3%a9%f0%9f%98%80', $one,
            '%20, small hex digits, = within a value'
        ],
        [
            'src-prefix-routing-eq=a%20b+c%26d%3De%25f%5C%C3%A9%F0%9F%98%80', $none,
            'a plus that is not encoded is no plus'
        ],
        [ 'src-prefix-routing-contains=B%2BC',         $one,  'contains knows no case' ],
        [ 'src-prefix-routing-contains=%C3%89',        $none, 'but only of ASCII letters' ],
        [ 'src-prefix-routing-ends-with=%F0%9F%98%80', $one,  'ends-with compares bytes' ],
        [ 'src-prefix-routing-contains=%25',           $one,  'a percent sign is no wildcard, here' ],
        [ 'dst-prefix-routing-contains=%25',           $none, 'and here' ],
        [ 'dst-prefix-routing-contains=_',             $none, 'nor is an underscore' ],
        [ 'dst-prefix-routing-contains=PLUS%2Bp',      $one,  'an encoded plus in the middle' ],
        [ 'dst-prefix-routing-eq=plus+plus',           $none, 'a plus that is not encoded' ],
        [ 'dst%2Dprefix%2drouting-contain%73=plus',    $one,  'encoded names, which match' ],
        [ 'dst%2Dprefix%2drouting-contain%73=minus',   $none, 'encoded names, which do not' ],
    );
    series_ok(ask("$day&$_->[0]"), $_->[1], $_->[2]) for @cases;
};

subtest 'missing parameters, in their order' => sub {
    my $missing = 'missing required param(s)';
    my @cases   = (
        [ '',                                              "$missing account-id, from-time" ],
        [ 'to-time=2026-01-01',                            "$missing account-id, from-time" ],
        [ 'duration-gt=x',                                 "$missing account-id, from-time" ],
        [ 'from-time=2026-01-01',                          "$missing account-id" ],
        [ 'from-time=2026-01-01&duration-gt=x',            "$missing account-id" ],
        [ "account-id=$ACCOUNT_7",                         "$missing from-time" ],
        [ "account-id=$ACCOUNT_7&to-time=2026-01-01",      "$missing from-time" ],
        [ "Account-Id=$ACCOUNT_7&FROM-TIME=2026-01-01",    "$missing account-id, from-time" ],
        [ "account_id=$ACCOUNT_7&from_time=2026-01-01",    "$missing account-id, from-time" ],
        [ "%20account-id=$ACCOUNT_7&from-time=2026-01-01", "$missing account-id" ],
    );
    error_ok($shim->request(target => "$PATH?$_->[0]"), 400, $_->[1],                          "?$_->[0]") for @cases;
    error_ok($shim->request(target => $PATH),           400, "$missing account-id, from-time", 'no query at all');
};

subtest 'of several bad values the first in the order of the API is named' => sub {
    my %bad = map { $_ => 'bad' } @PARAMETERS;
    $bad{$_} = \'%00' for @NUMBERS;
    for my $first (0 .. $#PARAMETERS)
    {
        my @from_here_on = map { $_ => $bad{$_} } @PARAMETERS[ $first .. $#PARAMETERS ];
        my @reversed     = map { @from_here_on[ $_, $_ + 1 ] } grep { $_ % 2 == 0 } reverse 0 .. $#from_here_on;
        error_ok(ask(query_string(@$_)), 400, "invalid value $PARAMETERS[$first]", "bad from $PARAMETERS[$first] on")
            for \@from_here_on, \@reversed;
    }
};

subtest 'arrays are refused' => sub {
    for my $parameter (@PARAMETERS)
    {
        my $good = $REQUIRED{$parameter} // 5;
        for my $suffix ('[]', '[k]', '[0]', '%5B%5D', '%5bk%5d', '[a][b]')
        {
            error_ok(ask("$parameter$suffix=$good"), 400, "param $parameter can't be an array", "$parameter$suffix");
        }
    }
    series_ok(ask("duration-gt=120&$_"), $LONG, "$_ is unknown and ignored")
        for 'unknown[]=1', 'unknown[k]=1', '[]=1', '[duration-gt]=1', 'duration-g[]=1';
};

subtest 'of a repeated parameter the last counts' => sub {
    my @cases = (
        'duration-gt=5&duration-gt=120',
        'duration-gt=bad&duration-gt=120',
        'duration-gt=120&duration-gt=5&duration-gt=120',
        'duration%2Dgt=5&duration-gt=120',
        'duration-gt=5&duration%2Dgt=120',
        'duration-gt=120&src-prefix-routing-contains=none&src-prefix-routing-contains=',
        'from-time=yesterday&duration-gt=120&from-time=2026-01-01T12:46:15Z',
    );
    series_ok(ask($_), $LONG, $_) for @cases;
    error_ok(ask('duration-gt=120&duration-gt='), 400, 'invalid value duration-gt', 'the last is bad');
    error_ok(
        ask("account-id=$ACCOUNT_7&account-id=$ACCOUNT_21"), 400, 'invalid value account-id',
        'the last is forbidden'
    );
};

subtest 'what is not known is ignored' => sub {
    my @noise = (
        'unknown=1', 'duration-ge=5', 'Duration-Gt=5', 'DURATION-GT=5', 'duration_gt=5', 'duration-gt%00=5', '%00=5',
        '%ff=%ff',
        'unknown=%00', 'unknown=%', '=5', '=', '&&&', 'page', 'api_access_id=1', 'step=1', 'duration-gt%20=5', '%zz=1',
    );
    series_ok(ask("duration-gt=120&$_"), $LONG, "$_ after")  for @noise;
    series_ok(ask("$_&duration-gt=120"), $LONG, "$_ before") for @noise;
    error_ok(ask('duration-gt'), 400, 'invalid value duration-gt', 'a name without = is an empty value');
    series_ok(ask('dst-prefix-routing-eq'), $NOTHING, 'and so it is for a string');
};

subtest 'too many points' => sub {
    my $last_allowed = 60 * 999_999;
    my $answer       = ask("from-time=0&to-time=$last_allowed");
    status_ok($answer, 200, 'a million points');
    like($answer->{body}, qr/,0\]\},"rows":1000000\}\z/, 'they are served');

    my $names_the_limit = qr/[^"]*\b1000000\b[^"]*/;
    my @windows         = (
        [ 0,            $last_allowed + 60, 'one point more' ],
        [ 0,            1767271620,         '56 years' ],
        [ '0001-01-01', '2026-01-01',       '2025 years' ],
        [ '2020-01-01', '9999-12-31',       'years up to a far end' ],
    );
    error_ok(
        ask("from-time=$_->[0]&to-time=$_->[1]"), 400, $names_the_limit,
        "$_->[2] are refused, and the limit is named"
    ) for @windows;
    error_ok(
        $shim->request(parameters => [ 'account-id' => $ACCOUNT_7, 'from-time' => '2020-01-01' ]),
        400, $names_the_limit, 'years up to now are refused'
    );
};

is($shim->stop, 0, 'the shim ends in good order');
done_testing;
