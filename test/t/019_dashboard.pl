# Takes every query out of sql/grafana-dashboard.json, puts in what Grafana would for its macros and variables, and runs it
# as the reader on the sample feed; also with values that try to leave their quotes.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Harness;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

time_limit(180);

my $database = ActiveCalls::Database->create;
my $node     = $database->{node};
$database->sql("SELECT active_calls.seal(now() - '2026-01-01 12:45Z')", 'active_calls_keeper');

my $dashboard = JSON::PP->new->utf8->decode(slurp_file(required_env('ACTIVE_CALLS_SQL') . '/grafana-dashboard.json'));
my %variable  = map { $_->{name} => $_ } @{ $dashboard->{templating}{list} };
my %panel     = map { $_->{title} => $_ } @{ $dashboard->{panels} };
my %ran;

# A variable's value as its format sqlstring writes it.
sub sqlstring ($value)
{
    return "'" . ($value =~ s/'/''/gr) . "'";
}

# The dashboard's values at its start: a text box is empty, a list has its selected value, and the account is the first of
# its query.
my %default = map { $_ => $variable{$_}{current}{value} } grep { $variable{$_}{type} =~ /custom|textbox/ } keys %variable;
$default{time_zone} = 'UTC';
our @window = ('2026-01-01T12:46:15Z', '2026-01-01T12:52:00Z');

# The SQL that Grafana sends for a query.
sub interpolate ($query, %value)
{
    my %all = (%default, %value);
    $ran{$query}++;
    my $sql = $query;
    $sql =~ s/\$\{(\w+):sqlstring\}/sqlstring($all{$1} \/\/ die "no variable $1")/ge;
    $sql =~ s/\$__timeFrom\(\)/'$window[0]'/g;
    $sql =~ s/\$__timeTo\(\)/'$window[1]'/g;
    return $sql;
}

# Rows of a query, each a hash by column name.
sub rows ($query, %value)
{
    my $sql = interpolate($query, %value);
    my $output = $database->sql("SET timezone = 'UTC'; SELECT coalesce(json_agg(row_to_json(row)), '[]') FROM ($sql) AS row", 'active_calls_reader');
    return JSON::PP->new->decode($output);
}

sub sql_of ($title)
{
    my ($target) = @{ $panel{$title}{targets} };
    return $target->{rawSql};
}

subtest 'the document' => sub {
    is($dashboard->{id}, undef, 'no id of an instance');
    is("$variable{datasource}{type} $variable{datasource}{query}", 'datasource postgres', 'whoever looks at it chooses the data source');
    my $text    = slurp_file(required_env('ACTIVE_CALLS_SQL') . '/grafana-dashboard.json');
    my @sources = $text =~ /"uid": "(\$[^"]*)"/g;
    is_deeply([ grep { $_ ne '${datasource}' } @sources ], [], 'and it uses no other');
    is(scalar @sources, 2 * @{ $dashboard->{panels} } + 2, 'each panel and query uses it');
    my %ids = map { $_->{id} => 1 } @{ $dashboard->{panels} };
    is(scalar keys %ids, scalar @{ $dashboard->{panels} }, 'panels have ids of their own');
    my %required = map { $_->{id} => 1 } @{ $dashboard->{__requires} };
    is_deeply([ grep { !$required{ $_->{type} } } @{ $dashboard->{panels} } ], [], 'their types are required');

    my @queries = ((map { $_->{rawSql} } map { @{ $_->{targets} } } @{ $dashboard->{panels} }),
        map { $_->{query} } grep { $_->{type} eq 'query' } values %variable);
    is(scalar @queries, 7, 'all queries');
    my %used;
    for my $query (@queries)
    {
        $used{$_}++ for $query =~ /\$\{(\w+)/g;
        my $rest = $query =~ s/\$\{\w+:sqlstring\}|\$__time(?:From|To)\(\)//gr;
        unlike($rest, qr/[\$\[]/, 'variables only as :sqlstring, never bare');
    }
    is_deeply([ sort 'datasource', keys %used ], [ sort keys %variable ], 'every variable is there, and used');
};

subtest 'variables' => sub {
    my $accounts = rows($variable{account}{query});
    is_deeply([ map { "$_->{__text} $_->{__value}" } @$accounts ],
        [ "eight $ACCOUNT_8", "seven $ACCOUNT_7", "twenty-one $ACCOUNT_21" ], 'accounts, by name');
    $default{account} = $accounts->[0]{__value};
    $database->sql("UPDATE active_calls.account SET name = NULL WHERE id = 8; UPDATE active_calls.account SET name = '' WHERE id = 21");
    is_deeply([ sort map { $_->{__text} } @{ rows($variable{account}{query}) } ], [ sort 'seven', $ACCOUNT_8, $ACCOUNT_21 ],
        'one without a name by its uuid');
    like($database->sql(interpolate($variable{time_zone}{query}), 'active_calls_reader'), qr/\AAsia\/Tokyo\nUTC\nAfrica\//,
        'time zones, that of the database first');
    for my $bucket (split /,/, $variable{bucket}{query})
    {
        ok(@{ rows(sql_of('Peaks by ${bucket}'), bucket => $bucket) } > 0, "peaks by $bucket");
    }
};

subtest 'panels' => sub {
    for my $title (sort keys %panel)
    {
        ok(@{ rows(sql_of($title)) } > 0, "$title: rows with what it starts with");
        is($panel{$title}{targets}[0]{format}, $panel{$title}{type} eq 'timeseries' ? 'time_series' : 'table', "$title: format");
    }

    $default{account} = $ACCOUNT_7;
    my $series = rows(sql_of('Active calls'));
    is(join(' ', map { $_->{calls} } @$series), '20 19 14 17 15 10', 'the series');
    is($series->[0]{time}, '2026-01-01T12:47:00+00:00', 'over time');
    my $peaks = rows(sql_of('Peaks by ${bucket}'), bucket => '5 minutes');
    is(join(' ', map { sprintf '%s %d %.3f', @$_{qw(time peak mean)} } @$peaks), '2026-01-01T12:46:15+00:00 20 17.667 2026-01-01T12:50:00+00:00 17 14.000',
        'peaks');
    my $highest = rows(sql_of('Highest peaks'), bucket => '5 minutes');
    is(join(' ', map { "$_->{when} $_->{calls}" } @$highest), '2026-01-01T12:47:00+00:00 20 2026-01-01T12:50:00+00:00 17', 'highest peaks');

    my ($stores) = @{ rows(sql_of('Both stores')) };
    is($stores->{'waiting calls'} + $stores->{'sealed calls'}, $database->sql('SELECT count(*) FROM active_calls.calls'), 'the state: all calls');
    is(scalar(grep { $_ && $_ > 0 } values %$stores), 8, 'in eight numbers') or diag(explain($stores));
    is(rows(sql_of('Accounts'))->[0]{'sealed calls'}, $database->sql('SELECT max(sealed_rows) FROM active_calls.account_status'), 'accounts, the largest first');
};

subtest 'long ranges' => sub {
    for my $range ([ 90, '2025-11-01T00:00:30Z', '2026-01-30T00:00:30Z' ], [ 365, '2025-02-01T00:00:30Z', '2026-02-01T00:00:30Z' ])
    {
        my ($days, @range) = @$range;
        local @window = @range;
        my $series = rows(sql_of('Active calls'));
        cmp_ok(scalar @$series, '>',  25_000,  "$days days: many points");
        cmp_ok(scalar @$series, '<=', 50_000, 'and no more than the limit');
        my ($highest) = sort { $b <=> $a } map { $_->{calls} } @$series;
        is($highest, 21, 'with the peak among them');
        my $direct = $database->sql("SELECT max(peak) FROM active_calls.origination_peak_calls('$ACCOUNT_7', '$window[0]', '$window[1]', '1 day')");
        is($highest, $direct, 'which is the right one');
        is(scalar(grep { $_->{time} lt '2025-11-01T00:00:30' } @$series), 0, 'from where the range begins') if $days == 90;
        ok(@{ rows(sql_of($_), bucket => '5 minutes') } > 0, "$_: by 5 minutes") for 'Peaks by ${bucket}', 'Highest peaks';
    }
    $database->sql('ALTER ROLE active_calls_reader SET active_calls.max_points = 4');
    cmp_ok(scalar @{ rows(sql_of($_), bucket => '1 second') }, '<=', 4, "$_: another limit")
      for 'Active calls', 'Peaks by ${bucket}', 'Highest peaks';
    $database->sql('ALTER ROLE active_calls_reader RESET active_calls.max_points');
};

subtest 'days and weeks' => sub {
    local @window = ('2026-03-18T12:00:00Z', '2026-04-10T12:00:00Z');
    my $begins = sub ($bucket, $zone) {
        return join ' ', map { $_->{time} =~ s/:00\+00:00//r } @{ rows(sql_of('Peaks by ${bucket}'), bucket => $bucket, time_zone => $zone) };
    };
    is($begins->('7 days', 'UTC'), '2026-03-18T12:00 2026-03-23T00:00 2026-03-30T00:00 2026-04-06T00:00', 'weeks begin on Mondays');
    is($begins->('7 days', 'Europe/Kyiv'), '2026-03-18T12:00 2026-03-22T22:00 2026-03-29T21:00 2026-04-05T21:00', 'of the time zone');
    like($begins->('1 day', 'Europe/Kyiv'), qr/^2026-03-18T12:00 2026-03-18T22:00 .*2026-03-28T22:00 2026-03-29T21:00 /, 'and days too');
    @window = ('2026-01-01T12:46:15Z', '2026-01-01T12:52:00Z');
    is(rows(sql_of('Highest peaks'), bucket => '1 day', time_zone => 'Etc/GMT-12')->[0]{calls}, 20, 'highest peaks take it');
};

subtest 'a clock that is ahead' => sub {
    $database->sql("INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, duration, customer_price) VALUES (now() + interval '9 minutes', 8, 0, 0)");
    my ($stores) = @{ rows(sql_of('Both stores')) };
    cmp_ok($stores->{$_}, '>=', 0, "$_ is not negative") for 'newest snapshot', 'oldest waiting', 'last seal';
    $database->sql('DELETE FROM active_calls.inbox WHERE snapshot_timestamp > now()');
};

subtest 'filters' => sub {
    my %example = (
        src_country_id => 1, dst_country_id => 2, src_prefix_routing_starts_with => '38', src_prefix_routing_contains => 'PBX',
        dst_prefix_routing_starts_with => '4', dst_prefix_routing_contains => '7', duration_gt => 120, duration_lt => 300,
        auth_orig_ip => '2001:db8:7:0:0:0:0:5', customer_price_gt => 0.1, customer_price_lt => 0.25);
    is_deeply([ sort keys %example ], [ sort grep { $variable{$_}{type} eq 'textbox' } keys %variable ], 'each text box is a filter');
    my $all = join ' ', map { $_->{calls} } @{ rows(sql_of('Active calls')) };
    for my $name (sort keys %example)
    {
        my $direct = $database->sql("SELECT string_agg(calls::text, ' ' ORDER BY t) FROM active_calls.origination_active_calls("
              . "'$ACCOUNT_7', '$window[0]', '$window[1]', $name => '$example{$name}')");
        isnt($direct, $all, "$name: it filters");
        is(join(' ', map { $_->{calls} } @{ rows(sql_of('Active calls'), $name => $example{$name}) }), $direct, "$name: in the series");
        is(rows(sql_of('Highest peaks'), $name => $example{$name}, bucket => '1 day')->[0]{calls}, (sort { $b <=> $a } split / /, $direct)[0],
            "$name: in the peaks");
    }
};

subtest 'values that try to leave their quotes' => sub {
    my $calls = $database->sql('SELECT count(*) FROM active_calls.calls');
    $database->sql('CREATE TABLE reached (by text); GRANT INSERT ON reached TO PUBLIC');
    for my $value ("'", "''", "'); INSERT INTO reached VALUES ('1'); --", "\\'); INSERT INTO reached VALUES (1); --", "\\", '$$', '${account}', "1;'--")
    {
        for my $name (sort grep { $variable{$_}{type} eq 'textbox' } keys %variable)
        {
            my (undef, $output, $error) = $node->psql('active_calls_test', interpolate(sql_of('Active calls'), $name => $value),
                extra_params => [ '-U', 'active_calls_reader' ]);
            if ($name =~ /_(?:starts_with|contains)$/)
            {
                is(join(' ', map { /\|(\d+)$/ } split /\n/, $output), '0 0 0 0 0 0', "$name, $value: a text that no number has");
            }
            else
            {
                like($error, qr/ERROR:  invalid input syntax for type /, "$name, $value: no value of its type");
            }
        }
    }
    is($database->sql('SELECT count(*) FROM reached'), 0, 'none was run');
    is($database->sql('SELECT count(*) FROM active_calls.calls'), $calls, 'and all calls are there');
};

is(scalar keys %ran, 7, 'every query was run');
done_testing();
