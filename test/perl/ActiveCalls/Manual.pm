# What the manual tells its readers to run, for tests that do as they are told.
package ActiveCalls::Manual;

use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Harness;
use Carp;
use Exporter 'import';
use File::Basename qw(dirname);
use PostgreSQL::Test::Utils;

our @EXPORT = qw(code_below);

# The blocks of code between a heading of a page and the next heading. A shell command that hands SQL to psql counts as
# that SQL.
sub code_below ($page, $heading)
{
    my $text = slurp_file(dirname(required_env('ACTIVE_CALLS_SQL')) . "/$page");
    my @blocks;
    my ($below, $code) = (0, undef);
    for my $line (split /^/, $text)
    {
        if (defined $code)
        {
            if ($line =~ /^```/) { push @blocks, $code if $below; undef $code }
            else                 { $code .= $line }
        }
        elsif ($line =~ /^```/)        { $code  = '' }
        elsif ($line =~ /^#+ (.*)\n$/) { $below = $1 eq $heading }
    }
    croak "$page has no code below \"$heading\"" if !@blocks;
    return map { /<<'SQL'\n(.*?)^SQL$/ms ? $1 : $_ } @blocks;
}

1;
