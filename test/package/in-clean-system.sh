#!/usr/bin/env bash
# in-clean-system.sh WORK PACKAGES FEED: installs the packages of the folder PACKAGES in the minimal system
# WORK/base.tar, with what they depend on and nothing else, does there what README.md tells an administrator to do, asks
# for a series, removes them and looks for what they left behind. Called by run.sh as root, in namespaces of its own.
# There is no systemd in the system, so the script does by hand what the unit says.
set -euo pipefail

work=$1 packages=$2 feed=$3
root=$work/root
account=069b073a-e7d9-11f0-932e-0a63caf27539
service_user=active_calls_shim
extension_package=$(basename "$packages"/postgresql-*.deb | sed 's/_.*//')
mapfile -t debs < <(cd "$packages" && printf '/packages/%s\n' ./*.deb)
major=$(sed -E 's/postgresql-([0-9]+)-.*/\1/' <<<"$extension_package")

inside() {
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive "$@"
}
# see NAME COMMAND...: COMMAND's output is shown when it fails. It runs in a shell of its own that ends with the first
# failure, which a condition, such as `if`, would overlook.
see() {
    local name=$1 log status
    shift
    set +e
    log=$(set -e; "$@" 2>&1)
    status=$?
    set -e
    report "$status" "$name" "$log"
}
report() { # STATUS NAME LOG
    if (($1 == 0)); then
        echo "ok - $2"
    else
        echo "# ${3//$'\n'/$'\n# '}" >&2
        echo "not ok - $2"
    fi
}
is() { [ "$1" = "$2" ] || { echo "\"$1\" is not \"$2\""; return 1; }; }

prepare() {
    rm -rf "$root"
    mkdir -p "$root" "$work/archives/partial"
    tar -C "$root" -xf "$work/base.tar"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # nothing is started by being installed
    chmod 755 "$root/usr/sbin/policy-rc.d"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --bind "$work/archives" "$root/var/cache/apt/archives"
    mkdir "$root/packages"
    cp "$packages"/*.deb "$root/packages"
}

# The caller owns what stays in build/.
clean_up() {
    local mounted
    for mounted in proc dev var/cache/apt/archives; do umount -lR "$root/$mounted" || true; done
    rm -rf --one-file-system "$root"
    chown -R --reference="$packages" "$work"
}

install_packages() {
    inside apt-get -qq install -y --no-install-recommends -o APT::Keep-Downloaded-Packages=true \
        -o Dpkg::Use-Pty=0 "$@"
}

start_postgresql() {
    inside pg_ctlcluster "$major" main start -- -o "-c listen_addresses=''"
}

sql() { inside runuser -u postgres -- psql -XqAt -v ON_ERROR_STOP=1 -d calls "$@"; }

fill_database() {
    inside runuser -u postgres -- createdb -T template0 -E UTF8 calls
    sql -c 'CREATE EXTENSION active_calls'
    sql -f "/usr/share/$extension_package/roles.sql"
    sql -c "INSERT INTO active_calls.account VALUES (7, '$account', 3, 'Example Ltd');
            INSERT INTO active_calls.api_access VALUES (37, 3, '{}', 'example')"
}

configure() {
    local file=$root/etc/active-calls/jwt.secret
    (umask 077 && head -c 32 /dev/urandom | base64 >"$file")
    head -c 32 /dev/urandom | base64 >"$root/etc/active-calls/feed.password"
    # Any free ports; an administrator would choose them.
    sed -i -E -e 's/^#?(ACTIVE_CALLS_(FEED_)?LISTEN)=.*/\1=127.0.0.1:0/' -e 's/^#(ACTIVE_CALLS_FEED_DATABASE=)/\1/' \
        "$root/etc/default/active-calls-shim"
    local settings=$root/etc/postgresql/$major/main
    sed -i '1i local calls active_calls_writer peer map=active_calls' "$settings/pg_hba.conf"
    echo 'active_calls active_calls_shim active_calls_writer' >>"$settings/pg_ident.conf"
    inside pg_ctlcluster "$major" main reload
}

unit() { sed -n "s/^$1=//p" "$root/lib/systemd/system/active-calls-shim.service"; }

# The unit's command, in its environment, as its user, with copies of the secrets that are the user's.
start_service() {
    local credentials=/run/credentials command environment
    inside useradd --system --no-create-home "$service_user"
    install -d -m 755 "$root$credentials"
    local credential
    for credential in $(unit LoadCredential); do
        inside install -m 400 -o "$service_user" "${credential#*:}" "$credentials/${credential%%:*}"
    done
    : >"$work/shim.log"
    environment=$(unit Environment)
    command=$(unit ExecStart)
    # shellcheck disable=SC2086 # words
    inside runuser -u "$service_user" -- env ${environment//%d/$credentials} \
        sh -c "set -a; . $(unit EnvironmentFile | sed 's/^-//'); exec $command" 2>"$work/shim.log" &
    service=$!
    local status=0 deadline=$((SECONDS + 10))
    port=
    while ((SECONDS < deadline)); do
        port=$(sed -nE 's/.*"listen":"127.0.0.1:([0-9]+)".*/\1/p' "$work/shim.log")
        feed_port=$(sed -nE 's/.*"feed_listen":"127.0.0.1:([0-9]+)".*/\1/p' "$work/shim.log")
        if [ -n "$port" ] || ! kill -0 "$service" 2>/dev/null; then break; fi
        sleep 0.1
    done
    [ -n "$port" ] || status=1
    report "$status" 'the service starts' "$(<"$work/shim.log")"
}

stop_service() {
    local status=0
    pkill -TERM -x active-calls-sh || true # a process's name has 15 letters; no others are seen in here
    wait "$service" || status=$?
    report "$status" 'the service ends in good order' "status $status: $(<"$work/shim.log")"
}

# ask PATH [CURL ARGUMENT]...: prints status and body.
ask() {
    local path=$1
    shift
    curl -s --noproxy '*' --max-time 20 -w '\n%{http_code}' "http://127.0.0.1:$port/api/rest/customer/v1/$path" "$@"
}

takes_the_feed() {
    { echo 'INSERT INTO active_calls FORMAT JSONEachRow'; cat "$feed"; } |
        curl -sS --noproxy '*' --max-time 20 --fail-with-body --data-binary @- \
            -H "X-ClickHouse-Key: $(<"$root/etc/active-calls/feed.password")" "http://127.0.0.1:$feed_port/"
    is "$(sql -c 'SELECT count(*) FROM active_calls.calls')" 752
}

serves_a_series() {
    local token
    token=$(inside active-calls-shim token --sub 37 --ttl 10m --jwt-secret-file /etc/active-calls/jwt.secret)
    is "$(ask "origination-active-calls?account-id=$account&from-time=2026-01-01T12:46:15Z&to-time=2026-01-01T12:52:00Z" \
        -H "Authorization: $token")" \
        '{"data":{"t":[1767271620,1767271680,1767271740,1767271800,1767271860,1767271920],"calls":[20,19,14,17,15,10]},"rows":6}
200'
}

serves_its_description() {
    local answer
    answer=$(ask openapi.json)
    is "$(tr -d '[:space:]' <<<"$answer" | cut -c 1-18)" '{"openapi":"3.1.0"'
    is "$(tail -n 1 <<<"$answer")" 200
}

# The page has every option that --help has.
has_man_page() {
    local page missing
    page=$(zcat "$root/usr/share/man/man1/active-calls-shim.1.gz" | sed 's/\\-/-/g')
    missing=$(for command in '' serve token; do
        # shellcheck disable=SC2086 # no word where there is no command
        inside active-calls-shim $command --help | sed -nE 's/^  (-h,)?(--[a-z-]+).*/\2/p'
    done | sort -u | while read -r option; do grep -qF -- "$option" <<<"$page" || echo "$option"; done)
    is "$missing" ''
    grep -qF -- --statement-timeout <<<"$page"
}

# Both packages have the manual's pages where the links of the others find them.
has_manual() {
    local package page missing=''
    for package in active-calls-shim "$extension_package"; do
        for page in README.md sql/README.md sql/operation.md extension/kernel/segment/FORMAT.md \
            shim/{customer,feed,operations,moving}/README.md; do
            if [ ! -s "$root/usr/share/doc/$package/$page" ]; then missing+=" $package: $page"; fi
        done
    done
    is "$missing" ''
}

has_sample_for_nginx() { grep -q '^upstream active_calls_shim {' "$root/usr/share/doc/active-calls-shim/examples/nginx.conf"; }

is_not_enabled() { is "$(find "$root/etc/systemd" -name '*active-calls*')" ''; }

keeps_secrets() {
    is "$(stat -c '%a %U' "$root/etc/active-calls/pgpass")" '600 root'
    is "$(stat -c '%a %U' "$root/etc/active-calls/jwt.secret")" '600 root'
    is "$(stat -c '%a %U' "$root/etc/active-calls/feed.password")" '600 root'
}

# This asks the systemd outside, as there is none in the clean system.
is_valid_unit() {
    local unit=$work/active-calls-shim.service
    sed "s|^ExecStart=|&$root|" "$root/lib/systemd/system/active-calls-shim.service" >"$unit"
    is "$(systemd-analyze verify --man=no "$unit" 2>&1 | grep -F active-calls-shim)" ''
}

# The scale is from 0, nothing exposed, to 100.
is_hardened() {
    systemd-analyze --no-pager --root="$root" --offline=true --threshold=15 security active-calls-shim.service
}

keeps_settings() {
    local before
    before=$(md5sum "$root"/etc/default/active-calls-shim "$root"/etc/active-calls/*)
    install_packages --reinstall "${debs[@]}"
    is "$(md5sum "$root"/etc/default/active-calls-shim "$root"/etc/active-calls/*)" "$before"
}

remove_packages() {
    inside apt-get -qq remove -y active-calls-shim "$extension_package"
    [ ! -e "$root/usr/bin/active-calls-shim" ]
    [ -e "$root/etc/default/active-calls-shim" ]
    [ -e "$root/etc/active-calls/jwt.secret" ]
}

purge_packages() { inside dpkg --purge active-calls-shim "$extension_package"; }

left_nothing() {
    local left
    left=$(while read -r path; do
        if [ -e "$root$path" ] && [ ! -d "$root$path" ]; then echo "$path"; fi
    done <<<"$installed")
    left+=$(find "$root" -xdev -path "$root/packages" -prune -o -iname '*active[-_]calls*' -print)
    is "$left" ''
}

trap clean_up EXIT
prepare
inside apt-get -qq update
see 'both install with what they depend on' install_packages "${debs[@]}"
[ -x "$root/usr/bin/active-calls-shim" ] # or nothing else can be seen
see 'the service is not enabled' is_not_enabled
see 'the man page has every option' has_man_page
see 'the manual is there' has_manual
see 'the sample for nginx is there' has_sample_for_nginx
see 'PostgreSQL starts' start_postgresql
see 'the extension, its roles and accounts are there' fill_database
configure
see 'only root reads the secrets' keeps_secrets
see 'systemd takes the unit' is_valid_unit
see 'the unit is hardened' is_hardened
see 'they can be installed again, and settings stay' keeps_settings
start_service
see 'the feed is taken' takes_the_feed
see 'a series is served' serves_a_series
see 'the API is described' serves_its_description
stop_service
inside runuser -u postgres -- dropdb calls
inside pg_ctlcluster "$major" main stop
installed=$(inside dpkg -L active-calls-shim "$extension_package")
see 'removed, settings are kept' remove_packages
see 'both can be purged' purge_packages
see 'nothing is left of them' left_nothing
