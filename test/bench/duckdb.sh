# DuckDB for Node.js, for run.sh to source: duckdb_install, duckdb_load, duckdb_bytes. Each that fails says
# why on standard error. The server, so to speak, is started by who asks; see duckdb_command.
# shellcheck shell=bash disable=SC2154 # run.sh sets what is not set here

duckdb_version=1.5.6-r.1
duckdb_modules=$BUILD/duckdb # kept from run to run
duckdb_file=$work/calls.duckdb
duckdb_command=(node "$bench/duckdb.mjs" "$duckdb_modules")

duckdb_install() {
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        "$setup/install-packages.sh" nodejs npm >&2 || return
    fi
    if [ "$(duckdb_installed)" != "$duckdb_version" ]; then
        echo "bench: installing DuckDB $duckdb_version from npm"
        npm install --prefix "$duckdb_modules" --no-audit --no-fund --loglevel=error \
            "@duckdb/node-api@$duckdb_version" >/dev/null || {
            echo "npm cannot install @duckdb/node-api $duckdb_version" >&2
            return 1
        }
    fi
}
duckdb_installed() {
    sed -nE 's/^ *"version": "(.*)",?$/\1/p' \
        "$duckdb_modules/node_modules/@duckdb/node-api/package.json" 2>/dev/null
}

duckdb_load() {
    psql -qX -c "COPY (SELECT extract(epoch FROM snapshot_timestamp)::bigint, customer_acc_id, src_country_id,
            dst_country_id, src_prefix_routing, dst_prefix_routing, duration, host(auth_orig_ip), customer_price
        FROM calls) TO STDOUT (FORMAT csv)" |
        "${duckdb_command[@]}" load "$duckdb_file"
}

duckdb_bytes() { stat -c %s "$duckdb_file"; }
