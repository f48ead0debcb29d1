# DuckDB for Node.js, for run.sh to source: duckdb_install, duckdb_load, duckdb_bytes. Each that fails says
# why on standard error. The program that asks starts DuckDB; see duckdb_command.
# shellcheck shell=bash disable=SC2154 # run.sh sets what is not set here

duckdb_version=1.5.6-r.1
duckdb_modules=$BUILD/duckdb # kept from run to run
duckdb_file=$work/calls.duckdb
duckdb_command=(node "$bench/duckdb.mjs" "$duckdb_modules")

duckdb_install() {
    "$setup/install-npm-package.sh" "$duckdb_modules" @duckdb/node-api "$duckdb_version"
}

duckdb_load() {
    psql -qX -c "COPY (SELECT extract(epoch FROM snapshot_timestamp)::bigint, customer_acc_id, src_country_id,
            dst_country_id, src_prefix_routing, dst_prefix_routing, duration, host(auth_orig_ip), customer_price
        FROM calls) TO STDOUT (FORMAT csv)" |
        "${duckdb_command[@]}" load "$duckdb_file"
}

duckdb_bytes() { stat -c %s "$duckdb_file"; }
