# Shows that the feed comes back as the documented series: the sample answers through SQL and, byte for byte, through
# REST, and that each of the 20 parameters does what it says, by comparing REST with the function and with plain SQL.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Harness;
use ActiveCalls::Shim;
use ActiveCalls::Token;
use JSON::PP;
use Test::More;

time_limit(180);

my $database = ActiveCalls::Database->create;
my $shim     = start_shim(database => $database);

# Points as "t:calls,t:calls", the form in which the three ways to ask are compared.
sub points_by_rest (@parameters)
{
    my $answer = $shim->request(parameters => \@parameters);
    return "$answer->{status} $answer->{body}" if $answer->{status} != 200;
    my $data = decode_json($answer->{body})->{data};
    return join ',', map {"$data->{t}[$_]:$data->{calls}[$_]"} 0 .. $#{ $data->{t} };
}

sub quoted ($text) { return "'" . ($text =~ s/'/''/gr) . "'" }

sub points_by_function (@parameters)
{
    my @arguments;
    while (my ($name, $value) = splice @parameters, 0, 2)
    {
        push @arguments, ($name =~ tr/-/_/r) . ' => ' . quoted($value);
    }
    my $call = 'active_calls.origination_active_calls(' . join(', ', @arguments) . ')';
    return $database->sql(
        "SELECT string_agg(extract(epoch FROM t)::bigint || ':' || calls, ',' ORDER BY t) FROM $call",
        'active_calls_reader'
    );
}

# The same question without the function: rows of the view that fulfil $condition, put on the minutes of the window.
sub points_by_plain_sql ($account, $from, $to, $condition)
{
    return $database->sql(<<"SQL", 'active_calls_reader');
SELECT string_agg(extract(epoch FROM minute)::bigint || ':' || coalesce(calls, 0), ',' ORDER BY minute)
FROM generate_series('$from'::timestamptz, '$to'::timestamptz, '1 minute') minute
LEFT JOIN (SELECT snapshot_timestamp, count(*) calls FROM active_calls.calls
           WHERE customer_acc_id = $account AND ($condition) GROUP BY 1) series ON snapshot_timestamp = minute
SQL
}

# The value that this column of account 7 has most often.
sub most_frequent ($column, $condition)
{
    return $database->sql(<<"SQL", 'active_calls_reader');
SELECT $column FROM active_calls.calls WHERE customer_acc_id = 7 AND ($condition)
GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
SQL
}

my @SHORT_WINDOW = ('from-time' => '2026-01-01T12:30:00Z', 'to-time' => '2026-01-01T12:36:00Z');

subtest 'the sample answers' => sub {
    my @samples = (
        [ 'no filter',   [@SAMPLE_WINDOW], 1767271620, 20, 19, 14, 17, 15, 10 ],
        [ 'long calls',  [ @SAMPLE_WINDOW, 'duration-gt',                 120 ],     1767271620, 4, 8, 9, 12, 8, 4 ],
        [ 'caller name', [ @SHORT_WINDOW,  'src-prefix-routing-contains', 'pbx' ],   1767270600, 1, 0, 0, 1,  1, 1, 1 ],
        [ 'IPv6 source', [ @SHORT_WINDOW,  'auth-orig-ip', '2001:db8:7:0:0:0:0:5' ], 1767270600, 3, 3, 2, 4,  5, 7, 7 ],
    );
    for my $sample (@samples)
    {
        my ($name, $parameters, $first, @calls) = @$sample;
        my @all = ('account-id' => $ACCOUNT_7, @$parameters);
        series_ok($shim->request(parameters => \@all), series_json($first, 60, @calls), "$name through REST");
        my $points = join ',', map { $first + 60 * $_ . ":$calls[$_]" } 0 .. $#calls;
        is(points_by_function(@all), $points, "$name through SQL");
    }
};

subtest 'each filter' => sub {
    my @window = ('from-time' => '2026-01-01T12:30:00Z', 'to-time' => '2026-01-01T13:00:00Z');
    my ($from, $to) = @window[ 1, 3 ];
    my $all = points_by_plain_sql(7, $from, $to, 'true');
    is(points_by_rest('account-id' => $ACCOUNT_7, @window), $all, 'no filter');

    my $a_price     = most_frequent('customer_price',     'customer_price > 0');
    my $a_callee    = most_frequent('dst_prefix_routing', 'true');
    my $some_digits = substr $a_callee, 4, 3;
    my $last_digits = substr $a_callee, -2;

    # parameter, value, the same condition in SQL, how much it passes of all
    my @cases = (
        [ 'src-country-id',                 3,               'src_country_id = 3',                            'some' ],
        [ 'src-country-id',                 0,               'src_country_id = 0',                            'none' ],
        [ 'src-country-id',                 2147483647,      'src_country_id = 2147483647',                   'none' ],
        [ 'dst-country-id',                 2,               'dst_country_id = 2',                            'some' ],
        [ 'src-prefix-routing-eq',          'sip-trunk-7',   q{src_prefix_routing = 'sip-trunk-7'},           'some' ],
        [ 'src-prefix-routing-eq',          'SIP-trunk-7',   'false',                                         'none' ],
        [ 'src-prefix-routing-eq',          '',              q{src_prefix_routing = ''},                      'some' ],
        [ 'src-prefix-routing-starts-with', '44',            q{src_prefix_routing ^@ '44'},                   'some' ],
        [ 'src-prefix-routing-starts-with', 'alice',         'false',                                         'none' ],
        [ 'src-prefix-routing-starts-with', '',              'src_prefix_routing IS NOT NULL',                'all' ],
        [ 'src-prefix-routing-ends-with',   '.PBX',          q{right(src_prefix_routing, 4) = '.PBX'},        'some' ],
        [ 'src-prefix-routing-ends-with',   '.pbx',          'false',                                         'none' ],
        [ 'src-prefix-routing-contains',    'NONY',          q{lower(src_prefix_routing) ~ 'nony'},           'some' ],
        [ 'src-prefix-routing-contains',    'sip%',          'false',                                         'none' ],
        [ 'src-prefix-routing-contains',    's_p',           'false',                                         'none' ],
        [ 'src-prefix-routing-contains',    q{' OR 1=1 --},  'false',                                         'none' ],
        [ 'dst-prefix-routing-eq',          $a_callee,       "dst_prefix_routing = '$a_callee'",              'some' ],
        [ 'dst-prefix-routing-starts-with', '380',           q{dst_prefix_routing ^@ '380'},                  'some' ],
        [ 'dst-prefix-routing-ends-with',   $last_digits,    "right(dst_prefix_routing, 2) = '$last_digits'", 'some' ],
        [ 'dst-prefix-routing-contains',    $some_digits,    "dst_prefix_routing ~ '$some_digits'",           'some' ],
        [ 'duration-eq',                    0,               'duration = 0',                                  'some' ],
        [ 'duration-gt',                    60,              'duration > 60',                                 'some' ],
        [ 'duration-gt',                    -2147483648,     'true',                                          'all' ],
        [ 'duration-gt',                    2147483647,      'false',                                         'none' ],
        [ 'duration-lt',                    61,              'duration < 61',                                 'some' ],
        [ 'duration-lt',                    0,               'duration < 0',                                  'none' ],
        [ 'auth-orig-ip',                   '10.7.0.11',     q{auth_orig_ip = '10.7.0.11'},                   'some' ],
        [ 'auth-orig-ip',                   '2001:DB8:7::5', q{auth_orig_ip = '2001:db8:7::5'},               'some' ],
        [ 'customer-price-eq',              $a_price,        "customer_price = '$a_price'",                   'some' ],
        [ 'customer-price-eq',              0,               'customer_price = 0',                            'some' ],
        [ 'customer-price-gt',              '0.05',          'customer_price > 0.05::float8',                 'some' ],
        [ 'customer-price-gt',              '-1e300',        'true',                                          'all' ],
        [ 'customer-price-lt',              '5e-2',          'customer_price < 0.05::float8',                 'some' ],
        [ 'customer-price-lt',              0,               'customer_price < 0',                            'none' ],
    );
    for my $case (@cases)
    {
        my ($parameter, $value, $condition, $passes) = @$case;
        my @all    = ('account-id' => $ACCOUNT_7, @window, $parameter => $value);
        my $points = points_by_rest(@all);
        is($points, points_by_plain_sql(7, $from, $to, $condition), "$parameter=$value: REST as plain SQL");
        is($points, points_by_function(@all),                       "$parameter=$value: REST as the function");
        my $effect = $points eq $all ? 'all' : $points =~ /:[1-9]/ ? 'some' : 'none';
        is($effect, $passes, "$parameter=$value lets $passes pass");
    }
    my %tried = map { $_->[0] => 1 } grep { $_->[3] eq 'some' } @cases;
    is(scalar keys %tried, 17, 'every filter was seen to take effect');

    my @combined = (
        'src-prefix-routing-starts-with' => '44', 'dst-country-id' => 2, 'duration-gt' => 30,
        'customer-price-lt'              => 1
    );
    my $combined = q{src_prefix_routing ^@ '44' AND dst_country_id = 2 AND duration > 30 AND customer_price < 1};
    my $points   = points_by_rest('account-id' => $ACCOUNT_7, @window, @combined);
    is($points, points_by_plain_sql(7, $from, $to, $combined), 'filters combine with AND');
    like($points, qr/:[1-9]/, 'and some calls pass them all');
};

subtest 'the account' => sub {
    my @window = ('from-time' => '2026-01-01T12:30:00Z', 'to-time' => '2026-01-01T13:00:00Z');
    my $points = points_by_rest('account-id' => $ACCOUNT_8, @window);
    is($points, points_by_plain_sql(8, @window[ 1, 3 ], 'true'), 'account 8 has its own calls');
    isnt($points, points_by_rest('account-id' => $ACCOUNT_7, @window), 'which are not those of account 7');
    is(points_by_rest('account-id' => uc $ACCOUNT_8, @window), $points, 'upper case names the same account');
};

subtest 'the window' => sub {
    my $future = time + 86400;
    my @cases  = (
        [
            'aligned, both ends count', '2026-01-01T12:46:00Z', '2026-01-01T12:47:00Z',
            series_json(1767271560, 60, 14, 20)
        ],
        [ 'unaligned ends', '2026-01-01T12:46:01Z', '2026-01-01T12:47:59Z', series_json(1767271620, 60, 20) ],
        [
            'from equal to to, on a minute', '2026-01-01T12:47:00Z', '2026-01-01T12:47:00Z',
            series_json(1767271620, 60, 20)
        ],
        [ 'from equal to to, off a minute', '2026-01-01T12:47:01Z', '2026-01-01T12:47:01Z', series_json(0, 60) ],
        [ 'from after to',                  '2026-01-01T12:47:01Z', '2026-01-01T12:47:00Z', series_json(0, 60) ],
        [
            'a fraction after a snapshot', '2026-01-01T12:47:00.000001Z', '2026-01-01T12:48:00Z',
            series_json(1767271680, 60, 19)
        ],
        [
            'a time without calls', '2025-12-31T23:59:00Z', '2026-01-01T00:01:00Z', series_json(1767225540, 60, 0, 0, 0)
        ],
        [ 'long ago',                      0,            60,            series_json(0, 60, 0, 0) ],
        [ 'from in the future',            $future,      $future + 600, '[]' ],
        [ 'from in the far future, no to', '2999-01-01', undef,         '[]' ],
    );
    for my $case (@cases)
    {
        my ($name, $from, $to, $json) = @$case;
        my @window = ('from-time' => $from, defined $to ? ('to-time' => $to) : ());
        series_ok($shim->request(parameters => [ 'account-id' => $ACCOUNT_7, @window ]), $json, $name);
    }

    my $now  = time;
    my $from = $now - 600;
    my @open = points_by_rest('account-id' => $ACCOUNT_7, 'from-time' => $from) =~ /(\d+):0/g;
    is($open[0], $from + (-$from) % 60, 'without to-time: begins with the first minute of the window');
    cmp_ok($open[-1], '>=', $now - 60, 'without to-time: reaches the present');
    cmp_ok($open[-1], '<=', time,      'without to-time: and not the future');
    my @beyond =
        points_by_rest('account-id' => $ACCOUNT_7, 'from-time' => $from, 'to-time' => $now + 6000) =~ /(\d+):0/g;
    cmp_ok($beyond[-1], '<=', time, 'to-time in the future: no point of the future');
};

subtest 'who asks' => sub {
    my @parameters = ('account-id' => $ACCOUNT_21, @SAMPLE_WINDOW);
    my $answer     = $shim->request(parameters => \@parameters, token => token({ sub => 39 }));
    is($answer->{status}, 200, 'customer 9 sees its account');
    is(
        join(',', @{ decode_json($answer->{body})->{data}{calls} }),
        points_by_plain_sql(21, '2026-01-01T12:47:00Z', '2026-01-01T12:52:00Z', 'true') =~ s/\d+://gr,
        'with the calls of that account'
    );
};

is($shim->stop, 0, 'the shim ends in good order');
done_testing;
