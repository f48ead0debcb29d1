# The Debian packages that this tree is built from and tested with, for scripts to source. PostgreSQL's own have its
# version in their names: see install-packages.sh.
# shellcheck shell=bash disable=SC2034 # those who source it use these

extension_packages=(g++ make libsimdjson-dev libxxhash-dev)
shim_packages=(
    g++ make cmake pkg-config libcli11-dev libcpp-httplib-dev libfmt-dev libjwt-dev libpq-dev
    libsimdjson-dev libspdlog-dev libssl-dev nlohmann-json3-dev prometheus-cpp-dev zlib1g-dev
)
test_packages=(curl ca-certificates python3 libgtest-dev libipc-run-perl libjson-validator-perl libdata-validate-ip-perl)
