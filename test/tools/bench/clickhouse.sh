# A private ClickHouse server, for run.sh to source: clickhouse_start, clickhouse_load, clickhouse_bytes,
# clickhouse_stop. Each that fails says why on standard error.
# shellcheck shell=bash disable=SC2154 # run.sh sets what is not set here

clickhouse_folder=$work/clickhouse
clickhouse_pid=
clickhouse_address=

clickhouse_query() { # QUERY
    curl -sS --fail-with-body --noproxy '*' --data-binary "$1" "http://$clickhouse_address/"
}
clickhouse_insert() { # ROWS on standard input, as CSV
    curl -sS --fail-with-body --noproxy '*' -T - -X POST \
        "http://$clickhouse_address/?query=INSERT+INTO+calls+FORMAT+CSV"
}

# A port of this machine at which nobody listens.
free_port() {
    local port
    while port=$((20000 + RANDOM)); do
        if ! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}

# These settings are not the defaults of this version. ZSTD makes the store a third smaller than LZ4. A cache
# of uncompressed blocks, which questions of this size may use too, more than makes up for the time of ZSTD.
# Conditions that are tested together, and not one of them in a pass before the others, take half the time.
clickhouse_configure() { # PORT
    cat >"$clickhouse_folder/config.xml" <<XML
<yandex>
    <logger>
        <level>warning</level>
        <log>$clickhouse_folder/server.log</log>
        <errorlog>$clickhouse_folder/server.log</errorlog>
    </logger>
    <listen_host>127.0.0.1</listen_host>
    <http_port>$1</http_port>
    <keep_alive_timeout>600</keep_alive_timeout>
    <path>$clickhouse_folder/data/</path>
    <tmp_path>$clickhouse_folder/tmp/</tmp_path>
    <users_config>users.xml</users_config>
    <default_profile>default</default_profile>
    <default_database>default</default_database>
    <timezone>UTC</timezone>
    <mark_cache_size>1073741824</mark_cache_size>
    <uncompressed_cache_size>4294967296</uncompressed_cache_size>
    <compression><case><method>zstd</method></case></compression>
</yandex>
XML
    cat >"$clickhouse_folder/users.xml" <<XML
<yandex>
    <profiles>
        <default>
            <use_uncompressed_cache>1</use_uncompressed_cache>
            <merge_tree_max_rows_to_use_cache>1000000000</merge_tree_max_rows_to_use_cache>
            <optimize_move_to_prewhere>0</optimize_move_to_prewhere>
            <allow_experimental_low_cardinality_type>1</allow_experimental_low_cardinality_type>
        </default>
    </profiles>
    <users>
        <default>
            <password></password>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
        </default>
    </users>
    <quotas><default></default></quotas>
</yandex>
XML
}

clickhouse_start() {
    "$setup/install-packages.sh" clickhouse-server >&2 || return
    local port
    port=$(free_port)
    install -d -o "$server_user" "$clickhouse_folder"
    clickhouse_configure "$port"
    "${as_server_user[@]}" clickhouse-server --config-file="$clickhouse_folder/config.xml" \
        >"$clickhouse_folder/start.log" 2>&1 &
    clickhouse_pid=$!
    clickhouse_address=127.0.0.1:$port
    for _ in {1..300}; do
        if clickhouse_query 'SELECT 1' >/dev/null 2>&1; then return; fi
        sleep 0.1
        if ! clickhouse_is_up "$clickhouse_pid"; then break; fi
    done
    echo "clickhouse-server does not answer; see $clickhouse_folder" >&2
    return 1
}

# Values that no question asks for stand for absent ones: Nullable columns would be slower. The codes of
# countries fit in two bytes.
clickhouse_load() {
    clickhouse_query 'CREATE TABLE calls (
            snapshot_timestamp DateTime,
            customer_acc_id Int32,
            src_country_id Int16,
            dst_country_id Int16,
            src_prefix_routing String,
            dst_prefix_routing String,
            duration Int32,
            auth_orig_ip LowCardinality(String),
            customer_price Float64)
        ENGINE = MergeTree ORDER BY (customer_acc_id, snapshot_timestamp)' >&2 || return
    psql -qX -c "COPY (SELECT extract(epoch FROM snapshot_timestamp)::bigint, customer_acc_id,
            coalesce(src_country_id, -1), coalesce(dst_country_id, -1), coalesce(src_prefix_routing, ''),
            coalesce(dst_prefix_routing, ''), duration, coalesce(host(auth_orig_ip), ''), customer_price
        FROM calls) TO STDOUT (FORMAT csv)" |
        clickhouse_insert >&2 || return
    # One part is the best that it can have. ClickHouse declines while it merges by itself.
    for _ in {1..100}; do
        if clickhouse_query 'OPTIMIZE TABLE calls FINAL' >&2 && [ "$(clickhouse_parts)" -eq 1 ]; then return; fi
        sleep 1
    done
    echo "it does not merge its parts" >&2
    return 1
}

clickhouse_of_parts() { # EXPRESSION
    clickhouse_query "SELECT $1 FROM system.parts WHERE active AND database = 'default' AND table = 'calls'"
}
clickhouse_parts() { clickhouse_of_parts 'count()'; }
clickhouse_bytes() { clickhouse_of_parts 'sum(bytes_on_disk)'; }

# Also stops the server of a run that could not end it, which left its process's id in a file.
clickhouse_stop() {
    local pid
    pid=${clickhouse_pid:-$(sed -n 's/^PID: //p' "$clickhouse_folder/data/status" 2>/dev/null)} || true
    if clickhouse_is_up "$pid"; then
        kill "$pid"
        while clickhouse_is_up "$pid"; do sleep 0.1; done
    fi
    clickhouse_pid=
}
clickhouse_is_up() { # PID
    grep -qsF -- "$clickhouse_folder/" "/proc/$1/cmdline"
}
