# Follows the links of the manual, from README.md on: each leads to a file, and where it names a heading, to one that is
# there; and every page of the tree can be reached.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Harness;
use File::Basename qw(dirname);
use File::Find;
use File::Spec;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = dirname(required_env('ACTIVE_CALLS_SQL'));

# A page without its code.
sub text_of ($page)
{
    return slurp_file("$top/$page") =~ s/^```.*?^```$//gmsr =~ s/``?[^`\n]+``?/code($&)/ger;
}

# Only the letters of code in a line count for the name of a heading.
sub code ($quoted) { return $quoted =~ s/[^\w -]//gr }

# The names that GitHub gives to the headings of a page.
sub headings_of ($page)
{
    return map { lc =~ s/[^\w -]//gr =~ s/ /-/gr } text_of($page) =~ /^#+ (.*)$/gm;
}

# a/b/../c is a/c.
sub resolve ($page, $link)
{
    my $path = File::Spec->catfile(dirname($page), $link);
    1 while $path =~ s{(?:^|(?<=/))(?!\.\./)[^/]+/\.\./}{};
    return $path =~ s{^(?:\./)+}{}r;
}

my @broken;
my %seen = ('README.md' => 1);
my @left = keys %seen;
while (defined(my $page = shift @left)) {
    for my $link (text_of($page) =~ /\]\(([^)\s]+)\)/g) {
        next if $link =~ /^https?:/;
        my ($file, $heading) = split /#/, $link, 2;
        my $target = length $file ? resolve($page, $file) : $page;
        my $is_there = -e "$top/$target" && (!defined $heading || grep { $_ eq $heading } headings_of($target));
        push @broken, "$page: $link" if !$is_there;
        push @left, $target if $is_there && $target =~ /\.md$/ && !$seen{$target}++;
    }
}
is_deeply(\@broken, [], 'no link is broken');

my @pages;
find({ wanted => sub { push @pages, File::Spec->abs2rel($_, $top) if /\.md$/ }, no_chdir => 1 },
    grep { -d && !m{/build$} } glob "$top/*");
is_deeply([ grep { !$seen{$_} } sort @pages ], [], 'README.md leads to all pages');
done_testing;
