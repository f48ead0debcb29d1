# Shows the shim behind proxies: the address that the log has, and what clients may write into X-Forwarded-For without
# being taken for somebody else; and Debian's nginx with the sample of the package in front of the shim and of something
# that stands for Yeti.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Harness;
use ActiveCalls::Http;
use ActiveCalls::Shim;
use ActiveCalls::Token;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IO::Socket::INET;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

time_limit(120);

my $NGINX  = required_env('ACTIVE_CALLS_NGINX');
my $SAMPLE = dirname(abs_path(required_env('ACTIVE_CALLS_SQL'))) . '/shim/package/nginx.conf';

my $database = ActiveCalls::Database->create;

# The address that the log has for a request with these headers.
sub remote ($shim, @headers)
{
    state $count = 0;
    my $id = 'remote-' . ++$count;
    $shim->request(target => $SAMPLE_TARGET, headers => [ 'X-Request-Id' => $id, @headers ]);
    return $shim->log_of_request($id)->{remote};
}

subtest 'X-Forwarded-For' => sub {
    my $alone = start_shim(database => $database);
    is(remote($alone, 'X-Forwarded-For' => '203.0.113.9'), '127.0.0.1', 'is not believed by default');
    is($alone->stop, 0, 'ends in good order');

    my $other = start_shim(database => $database, args => [ '--trust-proxy', '10.0.0.0/8' ]);
    is(remote($other, 'X-Forwarded-For' => '203.0.113.9'), '127.0.0.1', 'nor what others than the proxies say');
    is($other->stop, 0, 'ends in good order');

    my $behind = start_shim(database => $database, args => [ '--trust-proxy', '127.0.0.1,10.0.0.0/8' ]);
    my @cases  = (
        [ '203.0.113.9', 'a client',                           '203.0.113.9' ],
        [ '2001:db8::9', 'of IPv6',                            '2001:db8::9' ],
        [ '203.0.113.9', 'behind two proxies',                 '203.0.113.9, 10.1.2.3' ],
        [ '203.0.113.9', 'that says it is another',            '198.51.100.7, 203.0.113.9' ],
        [ '203.0.113.9', 'that says it is a proxy',            '10.1.2.3,203.0.113.9' ],
        [ '127.0.0.1',   'that the proxy says nothing of',     '' ],
        [ '127.0.0.1',   'that the proxy does not know',       '198.51.100.7, unknown' ],
        [ '10.1.2.3',    'one of the proxies themselves',      '10.1.2.3' ],
    );
    is(remote($behind, 'X-Forwarded-For' => $_->[2]), $_->[0], $_->[1]) for @cases;
    is(remote($behind, 'X-Forwarded-For' => '198.51.100.7', 'X-Forwarded-For' => '203.0.113.9'),
        '203.0.113.9', 'in the last of two headers');
    is($behind->stop, 0, 'ends in good order');
};

# A server in place of Yeti, which answers with the request as it has come; returns its port.
sub start_yeti ()
{
    my $listening = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1', Proto => 'tcp') or die "no port: $@";
    in_background(
        sub {
            while (my $client = $listening->accept)
            {
                my $head = '';
                while ($head !~ /\r\n\r\n/ && sysread $client, $head, 4096, length $head) { }
                my $body = "Yeti has got: $head";
                print {$client} "HTTP/1.1 200 OK\r\nContent-Length: @{[ length $body ]}\r\nConnection: close\r\n\r\n$body";
                close $client;
            }
        }
    );
    return $listening->sockport;
}

# Runs a command to its end; returns what it has printed.
sub output_of (@command)
{
    my $output = '';
    IPC::Run::run(\@command, '<', '/dev/null', '>&', \$output, IPC::Run::timeout(30)) or die "@command: $output";
    return $output;
}

# nginx with the sample as it is, but for ports, and where the certificate is; returns a hash of its ports.
sub start_nginx ($shim_port, $yeti_port)
{
    my $folder = PostgreSQL::Test::Utils::tempdir('nginx');
    my ($plain, $tls) = map { PostgreSQL::Test::Cluster::get_free_port() } 1 .. 2;
    output_of(
        qw(openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=portal.example.com -addext),
        'subjectAltName=DNS:portal.example.com', '-keyout', "$folder/portal.key", '-out', "$folder/portal.pem"
    );
    my $site         = slurp_file($SAMPLE);
    my @replacements = (
        [ 'listen 80;',                           "listen 127.0.0.1:$plain;" ],
        [ 'listen 443 ssl;',                      "listen 127.0.0.1:$tls ssl;" ],
        [ 'server 127.0.0.1:8080;',               "server 127.0.0.1:$shim_port;" ],
        [ 'unix:/run/yeti/yeti-unicorn.sock',     "127.0.0.1:$yeti_port" ],
        [ '/etc/ssl/private/portal.example.com.', "$folder/portal." ],
    );
    for my $replacement (@replacements)
    {
        my ($from, $to) = @$replacement;
        ok($site =~ s/\Q$from\E/$to/g, "the sample has $from");
    }
    append_to_file("$folder/site.conf", $site);
    my $paths = join "\n    ", map {"${_}_temp_path $folder/$_;"} qw(client_body proxy fastcgi uwsgi scgi);
    append_to_file("$folder/nginx.conf", <<"CONFIGURATION");
daemon off;
master_process off;
pid $folder/nginx.pid;
error_log $folder/error.log;
events { }
http {
    access_log off;
    $paths
    include $folder/site.conf;
}
CONFIGURATION
    my @command = ($NGINX, '-c', "$folder/nginx.conf", '-e', "$folder/error.log");
    is(output_of(@command, '-t') =~ s/^nginx: .*(?:syntax is ok|test is successful)\n//gmr, '', 'nginx takes the sample');
    in_background(sub { exec @command });
    wait_until(15, sub { -e "$folder/nginx.pid" && eval { connect_to($tls, 1) } }) or die slurp_file("$folder/error.log");
    return { plain => $plain, tls => $tls, certificate => "$folder/portal.pem" };
}

subtest 'nginx, with the sample of the package' => sub {
    my $shim  = start_shim(database => $database, args => [ '--trust-proxy', '127.0.0.1' ]);
    my $nginx = start_nginx($shim->port, start_yeti());
    my $host  = "portal.example.com:$nginx->{tls}";

    # Headers and body of the answer to a client at 127.0.0.2 that trusts the certificate.
    my $ask = sub ($target, @arguments) {
        my $answer = output_of(
            'curl',      '-sS', '-i', '--max-time', 20, '--noproxy', '*', '--cacert', $nginx->{certificate},
            '--resolve', "$host:127.0.0.1", '--interface', '127.0.0.2', @arguments, "https://$host$target"
        );
        return split /\r\n\r\n/, $answer, 2;
    };

    my @token = ('-H', 'Authorization: ' . token());
    for my $target ($SAMPLE_TARGET, map { $SAMPLE_TARGET =~ s/\?/$_?/r } qw(.json / .json/))
    {
        my ($head, $body) = $ask->($target, @token);
        is($body, $SAMPLE_JSON, "the shim answers over TLS: $target");
    }
    my ($head) = $ask->($SAMPLE_TARGET, '-H', 'Cookie: _yeti_customer_v1_session=' . token());
    like($head, qr/^set-cookie: _yeti_customer_v1_session=.*; SameSite=Lax; secure/mi, 'the cookie is for TLS alone');

    $ask->($SAMPLE_TARGET, @token, '-H', 'X-Request-Id: by-nginx', '-H', 'X-Forwarded-For: 198.51.100.7');
    is($shim->log_of_request('by-nginx')->{remote}, '127.0.0.2', 'the log has the client, not the proxy');

    for my $path ('/', '/api/rest/customer/v1/auth', "${PATH}x", '/api/rest/customer/v1/openapi.json')
    {
        my (undef, $body) = $ask->($path);
        like($body, qr{\AYeti has got: GET \Q$path\E HTTP/1.1\r\n}, "Yeti answers $path");
        like($body, qr/^X-Real-IP: 127\.0\.0\.2\r$/m, "$path: and knows for whom");
        like($body, qr/^X-Forwarded-Proto: https\r$/m, "$path: and how");
    }
    for my $path ('/api/rest/admin/auth', '/api/rest/system')
    {
        ($head) = $ask->($path);
        like($head, qr{\AHTTP/1.1 403 }, "$path is not for the world");
    }

    my $plain = connect_to($nginx->{plain});
    $plain->send_bytes(request_bytes(target => $SAMPLE_TARGET, headers => [ Host => 'portal.example.com' ]));
    my $answer = $plain->read_answer;
    is("$answer->{status} $answer->{headers}{location}", "301 https://portal.example.com$SAMPLE_TARGET",
        'who comes without TLS is sent to it');
    is($shim->stop, 0, 'the shim ends in good order');
};

done_testing;
