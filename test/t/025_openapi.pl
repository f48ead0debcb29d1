# Shows that the API's description is true: the linter of OpenAPI has nothing to say of it, every parameter in it is one
# of the server's and every one of the server's is in it, every value that a schema allows or forbids is taken or
# refused, and every status in it can be had, with the body and the headers that it names.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Harness;
use ActiveCalls::Http;
use ActiveCalls::Shim;
use IPC::Run;
use JSON::PP;
use JSON::Validator;
use PostgreSQL::Test::Utils;
use Test::More;

time_limit(180);

my $REDOCLY = required_env('ACTIVE_CALLS_REDOCLY');

my $DESCRIPTION_PATH = '/api/rest/customer/v1/openapi.json';

my $database = ActiveCalls::Database->create;
my $shim     = start_shim(database => $database);
my $answer   = $shim->request(target => $DESCRIPTION_PATH, token => undef);
my $document = decode_json($answer->{body});

my @PARAMETERS = @{ $document->{paths}{$PATH}{parameters} };
my %EXAMPLES   = map { $_->{name} => "$_->{example}" } @PARAMETERS;
my %REQUIRED   = map { $_->{name} => $EXAMPLES{ $_->{name} } } grep { $_->{required} } @PARAMETERS;

# The answer for these parameters, and for the examples of those that make a window of few points.
sub ask (%parameters)
{
    my %all = (%REQUIRED, 'to-time' => $EXAMPLES{'to-time'}, %parameters);
    return $shim->request(parameters => [ map { $_ => $all{$_} } sort keys %all ]);
}

# What a value lacks to be what a schema of the document says; '' for nothing.
sub errors_of ($schema, $value)
{
    my $validator = JSON::Validator->new;
    $validator->schema(
        {
            '$schema' => 'https://json-schema.org/draft/2019-09/schema', components => $document->{components}, %$schema
        }
    );
    return join '; ', map {"$_"} $validator->validate($value);
}

# Part of the document, or what it refers to.
sub resolved ($part)
{
    my $reference = $part->{'$ref'} // return $part;
    my $found     = $document;
    $found = $found->{$_} for split m{/}, $reference =~ s{\A#/}{}r;
    return $found;
}

subtest 'it is served like a series, and to everybody' => sub {
    status_ok($answer, 200, 'without a token');
    common_headers_ok($answer, 'the description');
    is($document->{openapi}, '3.1.0', 'it is OpenAPI 3.1');
    my $etag = $answer->{headers}{etag};
    like($etag, qr{\AW/"[0-9a-f]+"\z}, 'it has a tag');
    empty_ok(
        $shim->request(target => $DESCRIPTION_PATH, headers => [ 'If-None-Match' => $etag ]),
        304, 'who has it gets 304'
    );
    my $head = $shim->request(target => $DESCRIPTION_PATH, method => 'HEAD', token => undef);
    is("$head->{status} $head->{headers}{'content-length'} $head->{headers}{etag}",
        "200 @{[ length $answer->{body} ]} $etag", 'HEAD tells as much');
    is($shim->request(target => "$DESCRIPTION_PATH?x=1")->{body}, $answer->{body}, 'with a token and a query, the same');
    error_ok($shim->request(target => "$DESCRIPTION_PATH/"), 404, $MESSAGE, 'a slash more is another path');
};

subtest 'the linter has nothing to say' => sub {
    my $file = "$PostgreSQL::Test::Utils::tmp_check/openapi.json";
    append_to_file($file, $answer->{body});
    local @ENV{qw(REDOCLY_TELEMETRY REDOCLY_SUPPRESS_UPDATE_NOTICE)} = qw(off true);
    my $lint = sub ($name) {
        my ($stdout, $stderr) = ('', '');
        IPC::Run::run(
            [ $REDOCLY, 'lint', '--extends', 'recommended', '--format', 'json', $name ],
            '<', '/dev/null', '>', \$stdout, '2>', \$stderr, IPC::Run::timeout(60)
        );
        my $report = eval { decode_json($stdout) } // die "the linter does not run: $stdout$stderr";
        return $report;
    };
    my $report = $lint->($file);
    is("$report->{totals}{errors} errors, $report->{totals}{warnings} warnings", '0 errors, 0 warnings', 'all is well')
        or diag(join "\n", map {"$_->{ruleId}: $_->{message}"} @{ $report->{problems} });

    my $damaged = "$PostgreSQL::Test::Utils::tmp_check/damaged.json";
    append_to_file($damaged, $answer->{body} =~ s/"in": "query"/"in": "nowhere"/r);
    cmp_ok($lint->($damaged)->{totals}{errors}, '>', 0, 'of a damaged document it would have');
};

subtest 'the parameters are those of the server' => sub {
    my $arguments = $database->sql(<<'SQL');
SELECT string_agg(replace(name, '_', '-'), ' ' ORDER BY place)
FROM pg_proc, unnest(proargnames, proargmodes) WITH ORDINALITY AS argument (name, mode, place)
WHERE proname = 'customer_origination_active_calls' AND mode = 'i' AND name NOT IN ('api_access_id', 'step')
SQL
    is(join(' ', map { $_->{name} } @PARAMETERS), $arguments, 'as many, and named as the function\'s arguments');
    for my $name (sort keys %EXAMPLES)
    {
        error_ok(
            $shim->request(target => "$SAMPLE_TARGET&$name\[]=1"), 400, "param $name can't be an array",
            "$name is known"
        );
        my %others = (%REQUIRED, 'from-time' => time);
        delete $others{$name};
        my $without = $shim->request(parameters => [%others]);
        $REQUIRED{$name}
            ? error_ok($without, 400, "missing required param(s) $name", "$name is required")
            : status_ok($without, 200, "$name is not required");
    }
};

# Values at the border of what a schema allows, on both sides, by its name. The schema and the server must agree on each.
my %SAMPLES = (
    Uuid => [
        $ACCOUNT_7, uc $ACCOUNT_7, 'x', "{$ACCOUNT_7}", "{$ACCOUNT_7", "$ACCOUNT_7}", $ACCOUNT_7 =~ tr/-//dr,
        $ACCOUNT_7 =~ s/-/--/r, "$ACCOUNT_7-", substr($ACCOUNT_7, 1), '',
    ],
    Time => [
        '2026-01-01T12:46:15Z', '2026-01-01t12:46:15z', '2026-01-01 12:46:15', '2026-01-01', '1767271575', '-1',
        '2026-01-01T12:46:15.5', '2026-01-01T12:46:15.123456789+02:00', '2026-01-01T12:46:15-0530',
        '2026-01-01T12:46:15+02', '2026-01-01T12:46:15+02:', '2026-01-01T12:46', '2026-01-01 12:46Z', '2026-01-01T12:46.5', '2026-01-01T12', '2026-1-1', 'yesterday', 'infinity',
        '1.5', '--1', '+1', '2026-01-01Z', '2026-01-01T12:46:15.', '',
    ],
    Int32  => [ 0, 1, -1, 2147483647, 2147483648, -2147483648, -2147483649, '1.5', 'x', '' ],
    FiniteDouble => [ 0, '1.5', '-1.5', '1e3', 'x', 'nan', '' ],
    String => [ '',  'x', "\x{e9}\x{1f4de}", '%', "a\0b", "\n" ],
    Address => [ '10.7.0.11', '2001:db8:7::5', '::', '10.7.0', '10.7.0.256', '10.7.0.11/32', '1::2::3', 'localhost', '' ],
);

$SAMPLES{CountryId} = $SAMPLES{Int32};

# Those of what a parameter refers to.
sub samples_of ($schema)
{
    my ($name) = $schema->{'$ref'} =~ m{(\w+)\z};
    return @{ $SAMPLES{$name} // die "no samples of $name" };
}

# A value of the query as the schema sees it: a number where the schema speaks of numbers and it is one.
sub typed ($schema, $text)
{
    return $text if $schema->{type} eq 'string' || $text !~ /\A-?[0-9.]+(?:e[0-9]+)?\z/;
    return 0 + $text;
}

subtest 'the server takes what the schemas allow and refuses what they forbid' => sub {
    for my $parameter (@PARAMETERS)
    {
        my $name   = $parameter->{name};
        my $schema = resolved($parameter->{schema});
        is(errors_of($schema, $parameter->{example}), '', "$name: the example is one");
        status_ok(ask($name => $EXAMPLES{$name}), 200, "$name: the example");

        # A window that ends before it begins is an empty one, however far that is.
        my %window = $name eq 'from-time' ? ('to-time' => '0000-01-01') : ();
        my %seen;
        for my $text (samples_of($parameter->{schema}))
        {
            my $errors    = errors_of($schema, typed($schema, $text));
            my $outcome   = $errors ? 'refused' : 'taken';
            my $got       = ask(%window, $name => $text);
            my $printable = "$name=" . ($text =~ s/[^ -~]/?/gr);
            $errors
                ? error_ok($got, 400, "invalid value $name", "$printable: refused, as the schema says")
                : status_ok($got, 200, "$printable: taken, as the schema says");
            $seen{$outcome}++;
        }
        is(join(' ', sort keys %seen), 'refused taken', "$name: samples on both sides");
    }
};

# How each status of each path can be had: the options of a request, or code that makes the answer.
my %WAYS = (
    200 => {},
    304 => { headers => [ 'If-None-Match' => '*' ] },
    400 => { target  => $PATH },
    401 => { token   => undef },
    404 => { target  => "$PATH/7" },
    405 => { method  => 'DELETE' },
    414 => { target  => "$SAMPLE_TARGET&x=" . 'x' x 20_000 },
    431 => { headers => [ 'X-Long' => 'x' x 20_000 ] },
    500 => sub ($target) {
        $database->sql('ALTER TABLE active_calls.inbox RENAME TO gone');
        my $got = $shim->request(target => $target);
        $database->sql('ALTER TABLE active_calls.gone RENAME TO inbox');
        return $got;
    },
    503 => sub ($target) {
        $database->stop('fast');
        my $got = $shim->request(target => $target);
        $database->start;
        return $got;
    },
    504 => sub ($target) {
        my $hurried = start_shim(database => $database, args => [ '--statement-timeout', '300ms' ]);
        my $blocker = $database->block_queries;
        my $got     = $hurried->request(target => $target);
        $blocker->quit;
        return $got;
    },
);

# The answer is what the document says of it.
sub as_described ($got, $described, $name)
{
    my $headers = $described->{headers};
    for my $header (sort keys %$headers)
    {
        my $schema = resolved($headers->{$header})->{schema};
        my $value  = $got->{headers}{$header};
        is(errors_of($schema, defined $value ? typed($schema, $value) : undef), '', "$name: $header");
    }
    my @known   = (keys %$headers, qw(content-type connection keep-alive date));
    my %unknown = %{ $got->{headers} };
    delete @unknown{@known};
    is(join(' ', sort keys %unknown), '', "$name: no other header");

    my ($type) = keys %{ $described->{content} // {} };
    return is($got->{body}, '', "$name: no body") if !defined $type;
    like($got->{headers}{'content-type'}, qr/\A\Q$type\E\b/, "$name: of the type named");
    my $content = $described->{content}{$type};
    is(errors_of($content->{schema}, decode_json($got->{body})), '', "$name: the body");
    my $examples = $content->{examples} // {};
    is(errors_of($content->{schema}, $examples->{$_}{value}), '', "$name: the example \"$_\"") for sort keys %$examples;
    return;
}

for my $path (sort keys %{ $document->{paths} })
{
    subtest "every status of $path can be had" => sub {
        my $target    = $path eq $PATH ? $SAMPLE_TARGET : $path;
        my $responses = $document->{paths}{$path}{get}{responses};
        is_deeply($document->{paths}{$path}{head}{responses}, $responses, 'HEAD answers as GET');
        for my $status (sort keys %$responses)
        {
            my $way = $WAYS{$status} // die "no way to have $status";
            my %way = ref $way eq 'HASH' ? %$way : ();
            $way{target} =~ s/\A[^&?]+/$path/ if $status == 414;
            my $got = ref $way eq 'CODE' ? $way->($target) : $shim->request(target => $target, %way);
            status_ok($got, $status, $path) && as_described($got, resolved($responses->{$status}), $status);
        }
    };
}

subtest 'the other answers of 200 and 400' => sub {
    my $responses = $document->{paths}{$PATH}{get}{responses};
    my $future    = ask('from-time' => '2999-01-01');
    is($future->{body}, '[]', 'the future');
    as_described($future, resolved($responses->{200}), 'the future');
    is(join(' ', sort { $a <=> $b } keys %$responses), join(' ', sort { $a <=> $b } keys %WAYS),
        'all statuses that there are a way to');

    my %provoked = (
        'absent' => $shim->request(target => $PATH),
        'wrong'  => ask('duration-gt' => 'x'),
        'array'  => $shim->request(target => "$SAMPLE_TARGET&duration-gt[]=1"),
        'no such account, or none that this token may see' => ask('account-id' => $ACCOUNT_21),
        'too long a window' => ask('from-time' => 0, 'to-time' => 60 * 1_051_200),
    );
    my $examples = resolved($responses->{400})->{content}{'application/json'}{examples};
    is_deeply([ sort keys %$examples ], [ sort keys %provoked ], 'every example of 400 is one of these');
    is_deeply(decode_json($provoked{$_}{body}), $examples->{$_}{value}, "the text is that of the example: $_")
        for sort keys %provoked;
};

subtest 'the ways to authenticate' => sub {
    my %schemes = %{ $document->{components}{securitySchemes} };
    my $any     = [ map { { $_ => [] } } qw(bearer bare cookie) ];
    is_deeply($document->{paths}{$PATH}{get}{security},             $any, 'any of three');
    is_deeply($document->{paths}{$DESCRIPTION_PATH}{get}{security}, [],   'none for the description');
    is_deeply([ sort keys %schemes ], [ sort map {%$_ ? keys %$_ : ()} @$any ], 'each is explained');
    my $token = ActiveCalls::Token::token();
    my %given = (
        bearer => [ Authorization            => "\u$schemes{bearer}{scheme} $token" ],
        bare   => [ $schemes{bare}{name}     => $token ],
        cookie => [ Cookie                   => "$schemes{cookie}{name}=$token" ],
    );
    status_ok($shim->request(target => $SAMPLE_TARGET, token => undef, headers => $given{$_}), 200, $_)
        for sort keys %given;
};

is($shim->stop, 0, 'the shim ends in good order');

done_testing;
